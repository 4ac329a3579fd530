/** What an empty page says: the lines that would fill it, or the ranges in which there is something. */
import { useHealth } from "../api/queries.ts";
import { filtered } from "../address/address.ts";
import { PRESETS } from "../address/timeRange.ts";
import { go, here, useAddress } from "../address/useAddress.ts";

export function Teach() {
  const { range, filters } = useAddress();
  const narrowed = Object.keys(filters).length > 0;
  return (
    <div className="teach">
      <h2>{narrowed ? "Nothing matches in this time range" : "No traces in this time range"}</h2>
      <div className="teach-row">
        {narrowed && (
          <button className="button" type="button" onClick={() => go(clear())}>
            Clear all filters
          </button>
        )}
        {PRESETS.filter((preset) => ["24h", "7d", "30d"].includes(preset.from) && preset.from !== range.from).map(
          (preset) => (
            <button
              key={preset.from}
              className="button"
              type="button"
              onClick={() => go({ ...here(), range: { from: preset.from } })}
            >
              {preset.label}
            </button>
          ),
        )}
      </div>
      {!narrowed && <FirstSteps />}
    </div>
  );
}

function clear() {
  const address = here();
  const none = Object.fromEntries(Object.keys(address.filters).map((name) => [name, undefined]));
  return filtered(address, none);
}

function FirstSteps() {
  const otlp = useHealth().data?.otlp;
  const host = location.hostname;
  const http = `http://${host}:${otlp?.http ?? 4318}`;
  return (
    <>
      <p>To see your application here, install spanglass in it and add two lines before the first call to a model:</p>
      <pre className="code">{`import spanglass\n\nspanglass.init(service_name="my-app")`}</pre>
      <p>
        Already instrumented with OpenTelemetry, or this server does not listen on port 4318? Point the exporter here
        (OTLP/HTTP; OTLP/gRPC is on port {otlp?.grpc ?? 4317}):
      </p>
      <pre className="code">{`OTEL_EXPORTER_OTLP_ENDPOINT=${http}`}</pre>
    </>
  );
}
