"""Which photographs have a class, and which: by their numbers, since nothing else is known of them."""
from bisect import bisect_right
from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from photographs import Photographs, split_name


@dataclass(frozen=True)
class Turns:
    """Alternating classes: one photograph of each class in turn, then again from the first. Where a photograph was left
    out, the next class and all that follow come one place earlier."""

    classes: int
    left_out: List[int]  # numbers of the photographs that stand where another one was left out; ascending


class Classes(NamedTuple):
    """All classes of a run, by source."""

    first_of: Dict[str, int]  # source → its first class
    count_of: Dict[str, int]  # source → the number of its classes
    count: int


def class_within(name: str, numbers_a_class: Dict[str, int], turns: Dict[str, Turns]) -> Optional[Tuple[str, int]]:
    """:returns: the source and the class's number in it, or None if the photograph has no class"""
    source, number = split_name(name)
    if source in numbers_a_class:
        return source, number // numbers_a_class[source]
    if source in turns:
        return source, (number + bisect_right(turns[source].left_out, number)) % turns[source].classes
    return None


def find_classes(sets: List[Photographs], numbers_a_class: Dict[str, int], turns: Dict[str, Turns]) -> Classes:
    count_of: Dict[str, int] = {}
    for name in [name for each in sets for name in each.names]:
        found = class_within(name, numbers_a_class, turns)
        if found is not None:
            count_of[found[0]] = max(count_of.get(found[0], 0), found[1] + 1)
    first_of, count = {}, 0
    for source in sorted(count_of):
        first_of[source] = count
        count += count_of[source]
    return Classes(first_of, count_of, count)


class Labelled(NamedTuple):
    """The photographs of one size, and the classes of those that have one."""

    photographs: Photographs  # `trained` and `held_out` contain only photographs with a class
    labels: Tensor  # class of each photograph, -1 if it has none, shape [N]
    among: Tensor  # true for the classes of the photograph's source, bool, shape [N, classes]


def label(photographs: Photographs, classes: Classes, numbers_a_class: Dict[str, int], turns: Dict[str, Turns]) -> Labelled:
    device = photographs.pixels.device
    labels = torch.full((len(photographs.names),), -1)
    among = torch.zeros(len(photographs.names), classes.count, dtype=torch.bool)
    for i, name in enumerate(photographs.names):
        found = class_within(name, numbers_a_class, turns)
        if found is not None:
            source, number = found
            first = classes.first_of[source]
            labels[i] = first + number
            among[i, first : first + classes.count_of[source]] = True
    labels, among = labels.to(device), among.to(device)
    trained, held_out = (each[labels[each] >= 0] for each in (photographs.trained, photographs.held_out))
    return Labelled(photographs._replace(trained=trained, held_out=held_out), labels, among)
