-- The words that both engines' SQL shares but spells differently; docs/adr/0003 lists them.
CREATE OR REPLACE MACRO bucket(ns, origin_ns, step_ns) AS (ns - origin_ns) // step_ns
;
CREATE OR REPLACE MACRO contains_text(haystack, needle) AS contains(lower(haystack), lower(needle))
;
