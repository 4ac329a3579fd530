/** The top bar, the same on every page: environment, service, time range, time zone, search, live. */
import { useState, type Ref } from "react";
import { useServices } from "../api/queries.ts";
import { endsNow } from "../address/timeRange.ts";
import { go, here, useAddress } from "../address/useAddress.ts";
import { zoneName } from "../format/time.ts";
import { Menu } from "./Menu.tsx";
import { RangePicker } from "./RangePicker.tsx";
import { Search } from "./Search.tsx";

export function TopBar({ search }: { readonly search: Ref<HTMLInputElement> }) {
  const address = useAddress();
  const menus = useServices(address).data;
  const [localZone] = useState(() => zoneName("local", Date.now() / 1e3));
  const canBeLive = endsNow(address.range);
  return (
    <header className="bar">
      <Menu filter="environment" label="Environment" any="All environments" values={menus?.environments ?? []} />
      <Menu filter="service" label="Service" any="All services" values={menus?.services ?? []} />
      <RangePicker />
      <button
        className="button zone"
        type="button"
        title="Time zone: switch between this machine's and UTC"
        aria-label={`Time zone: ${address.zone === "utc" ? "UTC" : "local"}`}
        onClick={() => go({ ...here(), zone: address.zone === "utc" ? "local" : "utc" })}
      >
        {address.zone === "utc" ? "UTC" : `Local (${localZone})`}
      </button>
      <Search ref={search} />
      <button
        className="button bar-live"
        type="button"
        aria-pressed={address.live}
        disabled={!canBeLive}
        title={canBeLive ? "Refresh every 5 seconds (l)" : "A range that ended cannot be live"}
        onClick={() => go({ ...here(), live: !address.live })}
      >
        <span className="live-dot" aria-hidden="true" />
        Live
      </button>
    </header>
  );
}
