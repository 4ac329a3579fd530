-- The words that SQL for both engines shares but each engine spells differently; docs/adr/0003 lists them.
-- Functions are global to a ClickHouse server, hence the prefix.
CREATE OR REPLACE FUNCTION sg_time_step AS (ns, step_ns) -> intDiv(ns, step_ns)
;
CREATE OR REPLACE FUNCTION sg_contains_text AS (haystack, needle) -> positionCaseInsensitiveUTF8(haystack, needle) > 0
;
CREATE OR REPLACE FUNCTION sg_percentiles AS x -> arrayFilter(v -> NOT isNaN(v), quantilesExactInclusive(0.5, 0.95, 0.99)(x))
;
CREATE OR REPLACE FUNCTION sg_distinct_values AS x -> arraySort(groupUniqArray(x))
;
CREATE OR REPLACE FUNCTION sg_earliest AS (x, place) -> argMin(x, place)
;
CREATE OR REPLACE FUNCTION sg_each AS x -> arrayJoin(x)
;
CREATE OR REPLACE FUNCTION sg_bin AS ns -> CAST(floor(log2(greatest(ns, 1)) * 32) AS Int16)
;
