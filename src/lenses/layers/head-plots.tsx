import { formatColour } from '../../render/colour-maps.ts';
import { colourOfHead } from '../../render/head-layers.ts';
import type { LayersResult } from './contract.ts';

interface HeadPlotProps {
  readonly title: string;
  readonly unit: string;
  /** shape [L, H] */
  readonly values: Float32Array;
  readonly depth: number;
  readonly numHeads: number;
  readonly onChoose: (block: number, head: number) => void;
}

/** In the plot's own units. */
const size = { width: 240, height: 96, left: 30, right: 6, top: 8, bottom: 18 };

/** A dot for each head: x is its block, y its value. */
function HeadPlot({ title, unit, values, depth, numHeads, onChoose }: HeadPlotProps) {
  const largest = Math.max(...values, 1e-6);
  const across = (block: number): number =>
    size.left + ((block + 0.5) / depth) * (size.width - size.left - size.right);
  const up = (value: number): number =>
    size.height - size.bottom - (value / largest) * (size.height - size.top - size.bottom);
  const heads = Array.from(values, (value, at) => ({
    value,
    block: Math.floor(at / numHeads),
    head: at % numHeads,
  }));
  const everyOther = Math.ceil(depth / 12);
  return (
    <figure className="head-plot">
      <figcaption>
        {title}, {unit}
      </figcaption>
      <svg
        viewBox={`0 0 ${size.width} ${size.height}`}
        role="img"
        aria-label={`${title} of each head by block`}
      >
        <line x1={size.left} x2={size.width - size.right} y1={up(0)} y2={up(0)} className="head-plot-axis" />
        <text x={size.left - 4} y={up(largest)} className="head-plot-tick" textAnchor="end">
          {largest.toFixed(1)}
        </text>
        <text x={size.left - 4} y={up(0)} className="head-plot-tick" textAnchor="end">
          0
        </text>
        {Array.from({ length: depth }, (_, block) => block)
          .filter((block) => block % everyOther === 0)
          .map((block) => (
            <text
              key={block}
              x={across(block)}
              y={size.height - 4}
              className="head-plot-tick"
              textAnchor="middle"
            >
              {block + 1}
            </text>
          ))}
        {heads.map(({ value, block, head }) => (
          // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- the table has the same values, the grid the same choice
          <circle
            key={`${block} ${head}`}
            cx={across(block)}
            cy={up(value)}
            r={3.2}
            fill={formatColour(colourOfHead(head, numHeads))}
            className="head-plot-dot"
            onClick={() => onChoose(block, head)}
          >
            <title>{`Block ${block + 1}, head ${head + 1}: ${value.toFixed(2)} ${unit}`}</title>
          </circle>
        ))}
      </svg>
    </figure>
  );
}

function Numbers({ result }: { readonly result: LayersResult }) {
  const { depth, numHeads, measured } = result;
  if (measured === null) return null;
  const heads = Array.from({ length: numHeads }, (_, head) => head);
  return (
    <details className="head-numbers">
      <summary>Numbers of every head</summary>
      <div className="head-numbers-scroll">
        <table>
          <caption className="visually-hidden">
            Entropy in nats and mean attention distance in patches
          </caption>
          <thead>
            <tr>
              <th scope="col">Block</th>
              {heads.map((head) => (
                <th key={head} scope="col">
                  Head {head + 1}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: depth }, (_, block) => (
              // oxlint-disable-next-line react/no-array-index-key -- a row is its block
              <tr key={block}>
                <th scope="row">{block + 1}</th>
                {heads.map((head) => {
                  const at = block * numHeads + head;
                  return (
                    <td key={head}>
                      {(measured.entropy[at] as number).toFixed(2)} ·{' '}
                      {(measured.distance[at] as number).toFixed(1)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p>Entropy in nats · mean attention distance in patches.</p>
    </details>
  );
}

interface HeadPlotsProps {
  readonly result: LayersResult;
  readonly onChoose: (block: number, head: number) => void;
}

/** Each head's entropy and mean attention distance, by block (Raghu et al., 2021, figure 3). */
export function HeadPlots({ result, onChoose }: HeadPlotsProps) {
  const { depth, numHeads, measured } = result;
  if (measured === null) return null;
  const common = { depth, numHeads, onChoose };
  return (
    <div className="head-plots">
      <HeadPlot title="Entropy" unit="nats" values={measured.entropy} {...common} />
      <HeadPlot title="Mean attention distance" unit="patches" values={measured.distance} {...common} />
      <Numbers result={result} />
    </div>
  );
}
