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
CREATE OR REPLACE FUNCTION sg_holds AS (haystack, needle) -> position(haystack, needle) > 0
;
CREATE OR REPLACE FUNCTION sg_like AS (x, pattern) -> x LIKE pattern
;
CREATE OR REPLACE FUNCTION sg_attribute AS (json, name) -> JSONExtract(CAST(json AS Nullable(String)), name, 'Nullable(String)')
;
CREATE OR REPLACE FUNCTION sg_number AS x -> if(match(coalesce(x, ''), '^-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?$'), toFloat64OrNull(coalesce(x, '')), NULL)
;
CREATE OR REPLACE FUNCTION sg_key AS (a, b, c) -> cityHash64(a, b, coalesce(c, ''))
;
CREATE OR REPLACE FUNCTION sg_texts AS json -> JSONExtract(ifNull(toString(json), '[]'), 'Array(String)')
;
