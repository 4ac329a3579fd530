/** What a person should know of the server, above every page: that it does not keep what is sent, or left content out. */
import { useHealth } from "../api/queries.ts";

export function Notices() {
  const { data, error } = useHealth();
  const notices = error === null ? (data?.notices ?? []) : [];
  if (notices.length === 0) return null;
  return (
    <div className="notices" role="status">
      {notices.map((notice) => (
        <p key={notice}>{notice}</p>
      ))}
    </div>
  );
}
