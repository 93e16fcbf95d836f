"""What a run is: everything that changes its result, from one JSON file. README.md says what each entry means."""
import json
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Dict, List, Sequence, get_args, get_origin, get_type_hints

from views import Augmentation
from labels import Turns
from network import Architecture


@dataclass(frozen=True)
class HeadSizes:
    prototypes: int
    hidden: int
    bottleneck: int
    batch_norm: bool


@dataclass(frozen=True)
class Descent:
    learning_rate: float
    warm_up_images: int
    decay_share: float  # share of the run, at its end, in which the rate decays; 1: a cosine from the beginning
    weight_decay: float
    gradient_clip: float  # largest norm of a single parameter's gradient
    drop_path: float
    attention_dropout: float  # dropout rate of CLS's attention in the last block


@dataclass(frozen=True)
class Optimisation(Descent):
    frozen_images: int  # the prototypes are not trained for this many images
    head_first_images: int  # the network is not trained for this many, if it was trained before and its head was not


@dataclass(frozen=True)
class Teacher:
    temperature: float
    student_temperature: float
    momentum: float  # at the beginning; rises to 1 as the learning rate falls to 0
    centre_momentum: float


@dataclass(frozen=True)
class PatchTask:
    """The task with masked patches, in addition to DINO's loss (patches.py)."""

    weight: float  # of this task's loss; 0 turns the task off
    masked_views: float  # share of the global views that are masked
    masked_share: tuple  # smallest and largest share of the patches that is masked in such a view
    temperature: float  # of the teacher's softmax


@dataclass(frozen=True)
class Mixing:
    """Mixes two photographs and their labels, as in DeiT. Mixup and CutMix each take half of the mixed batches."""

    often: float  # share of the batches that are mixed
    mixup: float  # the mixing share comes from Beta(mixup, mixup)
    cutmix: float


@dataclass(frozen=True)
class Labels:
    turns: Dict[str, Turns]  # for the sources in which the classes alternate
    smoothing: float
    mixing: Mixing


@dataclass(frozen=True)
class Grouping:
    """Teaches patches what belongs together (grouping.py)."""

    threshold: float  # cosine above which two patches count as together; TokenCut's is 0.2
    temperature: float  # by which a cosine's distance from the threshold is divided
    own_backgrounds: float  # how often a thing stays in its own place and is not pasted
    whole_backgrounds: float  # how often the other photograph's thing stays in the background
    keep: float  # weight of CLS's distance from what it was
    attention: float  # weight of how far CLS's attention is from one spread evenly over the thing
    momentum: float  # of the running mean of weights, which is exported


@dataclass(frozen=True)
class Stage:
    images: int
    batch: int
    global_px: int
    local_px: int
    locals: int


@dataclass(frozen=True)
class AnyConfig:
    """The entries that every run has."""

    seed: int
    embed_dim: int
    depth: int
    num_heads: int
    patch_size: int
    grid_size: int
    start: str  # official | sines-and-likeness
    augmentation: Augmentation
    optimisation: Descent
    stages: List[Stage]
    numbers_a_class: Dict[str, int]  # for the sources whose photographs are numbered one class after the other

    @property
    def architecture(self) -> Architecture:
        return Architecture(self.embed_dim, self.depth, self.num_heads, self.patch_size, self.grid_size)

    @property
    def images(self) -> int:
        return sum(stage.images for stage in self.stages)

    def stage_at(self, seen: int) -> Stage:
        """The stage of the photograph that comes after `seen` others."""
        for stage in self.stages:
            if seen < stage.images:
                return stage
            seen -= stage.images
        return self.stages[-1]


@dataclass(frozen=True)
class Config(AnyConfig):
    """Entries of a run without labels, which uses DINO's loss."""

    head: HeadSizes
    optimisation: Optimisation
    teacher: Teacher
    patches: PatchTask


@dataclass(frozen=True)
class SupervisedConfig(AnyConfig):
    """Entries of a run with labels, which uses cross-entropy."""

    labels: Labels


@dataclass(frozen=True)
class GroupingConfig(AnyConfig):
    """Entries of a run that teaches patches what belongs together."""

    grouping: Grouping


def kind_of(entries: dict) -> type:
    """What kind of run it is is said by the entry that only this kind has."""
    if "labels" in entries:
        return SupervisedConfig
    return GroupingConfig if "grouping" in entries else Config


def parse(kind, value, path: str):
    """Converts JSON to `kind`: a dataclass, a list, a dict or a plain type. Raises ValueError if an entry is missing,
    unknown or of another type."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        names = {camel(field.name): field.name for field in fields(kind)}
        if not isinstance(value, dict) or set(value) != set(names):
            wrong = set(names) ^ set(value) if isinstance(value, dict) else "no object"
            raise ValueError(f"{path or 'the config'}: missing or unknown: {', '.join(sorted(wrong))}")
        return kind(**{names[key]: parse(hints[names[key]], each, f"{path}.{key}") for key, each in value.items()})
    if get_origin(kind) is list:
        return [parse(get_args(kind)[0], each, f"{path}[{i}]") for i, each in enumerate(value)]
    if get_origin(kind) is dict and isinstance(value, dict):
        return {key: parse(get_args(kind)[1], each, f"{path}.{key}") for key, each in value.items()}
    if kind is tuple and isinstance(value, list):
        return tuple(float(each) for each in value)
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if kind not in (int, str, bool) or type(value) is not kind:
        raise ValueError(f"{path}: {value!r} is not {kind.__name__}")
    return value


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def change(entries: dict, setting: str) -> None:
    """Sets one entry for an experiment. :param setting: for example 'teacher.temperature=0.04' or 'stages.0.batch=256'"""
    path, _, text = setting.partition("=")
    *parents, last = path.split(".")
    place = entries
    for name in parents:
        place = place[int(name)] if isinstance(place, list) else place.get(name)
        if not isinstance(place, (dict, list)):
            raise ValueError(f"{setting}: there is no {path} in the config")
    if not isinstance(place, dict) or last not in place:
        raise ValueError(f"{setting}: there is no {path} in the config")
    place[last] = text if isinstance(place[last], str) else json.loads(text)


def read_config(path: Path, settings: Sequence[str] = ()) -> AnyConfig:
    """:returns: of the kind that `kind_of` says"""
    entries = json.loads(path.read_text(encoding="utf-8"))
    for setting in settings:
        change(entries, setting)
    config = parse(kind_of(entries), entries, "")
    if config.start not in ("official", "sines-and-likeness"):
        raise ValueError(f".start: {config.start!r} is not official or sines-and-likeness")
    if config.embed_dim % config.num_heads != 0:
        raise ValueError(f".numHeads: {config.embed_dim} channels do not part into {config.num_heads} heads")
    needs_others = config.augmentation.other_background > 0 or isinstance(config, GroupingConfig)
    if needs_others and any(stage.batch < 2 for stage in config.stages):
        raise ValueError(".stages: a batch of one photograph has no other background; take two at least, or otherBackground 0")
    for stage in config.stages:
        if stage.global_px % config.patch_size != 0 or stage.local_px % config.patch_size != 0:
            raise ValueError(f".stages: {stage.global_px} and {stage.local_px} px are not whole patches")
    return config
