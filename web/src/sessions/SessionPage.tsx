/** One conversation, turn by turn: what was asked, what was answered, how long it took and what it cost. */
import { useAsked } from "../api/queries.ts";
import type { Session, Turn } from "../api/types.ts";
import { filtered, onPage, type Address } from "../address/address.ts";
import { Link } from "../address/Link.tsx";
import { useAddress } from "../address/useAddress.ts";
import { duration } from "../format/duration.ts";
import { money, moneyDetail } from "../format/money.ts";
import { plural } from "../format/number.ts";
import { headline, seen } from "../format/text.ts";
import { moment } from "../format/time.ts";
import { Answer } from "../frame/Answer.tsx";

export function SessionPage({ id }: { readonly id: string }) {
  const address = useAddress();
  const asked = useAsked<Session>(`/api/v1/sessions/${encodeURIComponent(id)}`, address);
  const choices = (
    <Link className="muted" to={onPage(address, { name: "sessions" })}>
      All sessions
    </Link>
  );
  return (
    <Answer title={headline(id, 80)} asked={asked} choices={choices} isEmpty={({ turns }) => turns.length === 0}>
      {({ session, turns, next_offset }) => (
        <>
          <p className="muted number" title={moneyDetail(session.cost)}>
            {session.user_id !== null && (
              <>
                <Link to={filtered(onPage(address, { name: "sessions" }), { user: session.user_id })}>
                  {headline(session.user_id, 60)}
                </Link>{" "}
                ·{" "}
              </>
            )}
            {[
              plural(session.turns, "turn"),
              plural(session.calls, "call"),
              money(session.cost),
              duration(session.duration),
            ].join(" · ")}
          </p>
          <ol className="turns">
            {turns.map((turn) => (
              <TurnLine key={`${turn.trace_id}/${turn.span_id}`} turn={turn} address={address} until={session.end} />
            ))}
          </ol>
          {next_offset !== null && <p className="muted">The first {turns.length} turns are shown.</p>}
        </>
      )}
    </Answer>
  );
}

interface TurnProps {
  readonly turn: Turn;
  readonly address: Address;
  /** When the session ended: turns of that day are told by the clock. */
  readonly until: number;
}

function TurnLine({ turn, address, until }: TurnProps) {
  const failed = turn.status === "error";
  return (
    <li className={failed ? "turn-failed" : ""}>
      <header>
        <Link to={{ ...onPage(address, { name: "trace", id: turn.trace_id }), span: turn.span_id }}>
          {headline(turn.name, 80)}
        </Link>
        <span className="muted number">{moment(turn.start, address.zone, until)}</span>
        <span className="number">{duration(turn.duration)}</span>
        {turn.first_token !== null && <span className="muted number">first token {duration(turn.first_token)}</span>}
        <span className="number" title={moneyDetail(turn.cost)}>
          {money(turn.cost)}
        </span>
        {failed && <span className="error-text">failed</span>}
      </header>
      {turn.question !== null && <p className="said said-user">{seen(turn.question)}</p>}
      {turn.answer !== null && <p className="said">{seen(turn.answer)}</p>}
    </li>
  );
}
