CREATE VIEW v AS SELECT value FROM json_each('[1,{"a":[2,3]},null]');
SELECT json_extract(value, '$.a[1]'), typeof(value), hex(value) FROM v;
BEGIN; SAVEPOINT s; CREATE TABLE u(x REFERENCES t(a)); ROLLBACK TO s; COMMIT;
