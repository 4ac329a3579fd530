-- The words that SQL for both engines shares but each engine spells differently; docs/adr/0003 lists them.
CREATE OR REPLACE MACRO sg_time_step(ns, step_ns) AS ns // step_ns
;
CREATE OR REPLACE MACRO sg_contains_text(haystack, needle) AS contains(lower(haystack), lower(needle))
;
CREATE OR REPLACE MACRO sg_percentiles(x) AS quantile_cont(x, [0.5, 0.95, 0.99])
;
CREATE OR REPLACE MACRO sg_distinct_values(x) AS coalesce(list_sort(list(DISTINCT x) FILTER (x IS NOT NULL)), [])
;
CREATE OR REPLACE MACRO sg_earliest(x, place) AS arg_min(x, place)
;
CREATE OR REPLACE MACRO sg_each(x) AS unnest(x)
;
CREATE OR REPLACE MACRO sg_bin(ns) AS CAST(floor(log2(greatest(ns, 1)) * 32) AS SMALLINT)
;
CREATE OR REPLACE MACRO sg_holds(haystack, needle) AS contains(haystack, needle)
;
CREATE OR REPLACE MACRO sg_like(x, pattern) AS x LIKE pattern ESCAPE '\'
;
CREATE OR REPLACE MACRO sg_attribute(json, name) AS
  json_extract_string(json, '/' || replace(replace(name, '~', '~0'), '/', '~1'))
;
CREATE OR REPLACE MACRO sg_number(x) AS
  CASE WHEN regexp_full_match(x, '-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?') THEN TRY_CAST(x AS DOUBLE) END
;
CREATE OR REPLACE MACRO sg_key(a, b, c) AS hash(a, b, c)
;
CREATE OR REPLACE MACRO sg_texts(json) AS from_json(json, '["VARCHAR"]')
;
