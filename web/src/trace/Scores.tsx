/** How the selected span was judged, and, at the root, the trace as a whole. */
import type { ScoreView, SpanView } from "../api/types.ts";
import { useAddress } from "../address/useAddress.ts";
import { Clip } from "../frame/Clip.tsx";
import { useNow } from "../frame/useNow.ts";
import { score } from "../format/number.ts";
import { headline } from "../format/text.ts";
import { full, moment } from "../format/time.ts";

/** The scores that are of a span: those that name it or its answer; those that name neither are the root's. */
export function scoresOf(span: SpanView, scores: readonly ScoreView[], root: boolean): readonly ScoreView[] {
  const response = span.call?.response_id ?? null;
  return scores.filter((each) => {
    if (each.span_id !== null) return each.span_id === span.span_id;
    return each.response_id === null ? root : each.response_id === response;
  });
}

export function Scores({ scores }: { readonly scores: readonly ScoreView[] }) {
  const { zone } = useAddress();
  const now = useNow();
  return (
    <ul className="scores">
      {scores.map((each, place) => (
        <li key={place}>
          <b>{headline(each.name, 80)}</b>
          {each.label !== null && <span className="tag">{headline(each.label, 80)}</span>}
          {each.value !== null && <span className="number">{score(each.value)}</span>}
          <span className="muted number" title={full(each.time, zone)}>
            {each.source === null ? "" : `${each.source}, `}
            {moment(each.time, zone, now)}
          </span>
          {each.explanation !== null && (
            <p>
              <Clip text={each.explanation} limit={600} />
            </p>
          )}
        </li>
      ))}
    </ul>
  );
}
