-- one a line; each uses something the language does not have
SELECT * FROM patients
SELECT pid FROM patients
SELECT pid, COUNT(*) FROM patients GROUP BY pid
SELECT sex FROM patients GROUP BY sex
SELECT DISTINCT sex FROM patients
SELECT COUNT(*) FROM patients WHERE pid = 'P000000123'
SELECT COUNT(*) FROM claims WHERE facility_id = 'F1'
SELECT facility_id, COUNT(*) FROM claims GROUP BY facility_id
SELECT COUNT(DISTINCT facility_id) FROM claims
SELECT COUNT(pid) FROM patients
SELECT COUNT(DISTINCT sex) FROM patients
SELECT COUNT(ALL pid) FROM patients
SELECT COUNT(DISTINCT pid) FILTER (WHERE sex = 1) FROM patients
SELECT COUNT(DISTINCT pid) OVER () FROM patients
SELECT COUNT(DISTINCT pid, sex) FROM patients
SELECT SUM(points + 1) FROM claims
SELECT SUM(CASE WHEN sex = 1 THEN points END) FROM claims JOIN patients USING (pid)
SELECT SUM(DISTINCT points) FROM claims
SELECT SUM(points ORDER BY ym) FROM claims
SELECT SUM(sex) FROM patients
SELECT MAX(points) FROM claims
SELECT MIN(points) FROM claims
SELECT MEDIAN(points) FROM claims
SELECT STDDEV(points) FROM claims
SELECT ARRAY_AGG(points) FROM claims
SELECT SUM(points)/COUNT(*) FROM claims
SELECT 1 FROM patients
SELECT 1, COUNT(*) FROM patients
SELECT COUNT(*)
SELECT COUNT(*) FROM patients, claims
SELECT COUNT(*) FROM patients CROSS JOIN claims
SELECT COUNT(*) FROM patients NATURAL JOIN claims
SELECT COUNT(*) FROM patients LEFT JOIN claims USING (pid)
SELECT COUNT(*) FROM patients FULL JOIN claims USING (pid)
SELECT COUNT(*) FROM patients p JOIN claims c ON true
SELECT COUNT(*) FROM patients p JOIN claims c ON p.pid = p.pid
SELECT COUNT(*) FROM patients p JOIN claims c ON p.pid <> c.pid
SELECT COUNT(*) FROM patients p JOIN claims c ON p.pid = c.pid AND p.sex = 1
SELECT COUNT(*) FROM patients p JOIN claims c ON p.sex = c.ym
SELECT COUNT(*) FROM patients p JOIN patients q USING (pid)
SELECT COUNT(*) FROM patients JOIN (VALUES (1),(2)) t(pid) USING (pid)
SELECT COUNT(*) FROM (SELECT pid FROM patients) t
SELECT COUNT(*) FROM generate_series(1,10)
SELECT COUNT(*) FROM patients TABLESAMPLE BERNOULLI (10)
SELECT COUNT(*) FROM patients AS p(a,b)
SELECT COUNT(*) FROM patients WHERE sex = (SELECT 1)
SELECT COUNT(*) FROM patients WHERE pid IN (SELECT pid FROM claims)
SELECT COUNT(*) FROM patients WHERE EXISTS (SELECT 1 FROM claims)
SELECT COUNT(*) FROM patients WHERE sex + 1 = 2
SELECT COUNT(*) FROM patients WHERE sex % 2 = 1
SELECT COUNT(*) FROM patients WHERE random() < 0.5
SELECT COUNT(*) FROM patients WHERE sex = pref
SELECT COUNT(*) FROM patients WHERE sex = 1.0
SELECT COUNT(*) FROM patients WHERE sex = '1'
SELECT COUNT(*) FROM patients WHERE sex = 3
SELECT COUNT(*) FROM patients WHERE sex = NULL
SELECT COUNT(*) FROM patients WHERE sex IS NULL
SELECT COUNT(*) FROM patients WHERE true
SELECT COUNT(*) FROM patients WHERE sex
SELECT COUNT(*) FROM patients WHERE sex = 1 XOR pref = 2
SELECT COUNT(*) FROM claims WHERE points > 1000
SELECT COUNT(*) FROM claims WHERE icd10 > 'E11'
SELECT COUNT(*) FROM claims WHERE icd10 LIKE '%11'
SELECT COUNT(*) FROM claims WHERE icd10 LIKE 'E_1%'
SELECT COUNT(*) FROM claims WHERE icd10 ILIKE 'e1%'
SELECT COUNT(*) FROM claims WHERE icd10 SIMILAR TO 'E1%'
SELECT COUNT(*) FROM claims WHERE icd10 LIKE 'E1%' ESCAPE '!'
SELECT COUNT(*) FROM claims WHERE icd10 = 'NOT A CODE'
SELECT points, COUNT(*) FROM claims GROUP BY points
SELECT sex, COUNT(*) FROM patients GROUP BY 1
SELECT sex, COUNT(*) FROM patients GROUP BY ALL
SELECT sex + 1, COUNT(*) FROM patients GROUP BY sex + 1
SELECT sex, COUNT(*) FROM patients GROUP BY ROLLUP(sex)
SELECT sex, COUNT(*) FROM patients GROUP BY GROUPING SETS ((sex), ())
SELECT sex, COUNT(*) FROM patients GROUP BY sex WITH ROLLUP
SELECT COUNT(*) FROM patients GROUP BY sex
SELECT pref, COUNT(*) FROM patients GROUP BY sex
SELECT sex, COUNT(*) FROM patients GROUP BY sex HAVING COUNT(*) > 10
SELECT sex, COUNT(*) FROM patients GROUP BY sex ORDER BY sex
SELECT sex, COUNT(*) FROM patients GROUP BY sex LIMIT 1
SELECT sex, COUNT(*) FROM patients GROUP BY sex OFFSET 1
SELECT sex, COUNT(*) FROM patients GROUP BY sex FETCH FIRST 1 ROW ONLY
SELECT TOP 1 COUNT(*) FROM patients
SELECT COUNT(*) INTO t FROM patients
SELECT COUNT(*) FROM patients QUALIFY 1 = 1
SELECT COUNT(*) FROM patients FOR UPDATE
SELECT COUNT(*) AS "Robert'); --" FROM patients
SELECT COUNT(*) AS note FROM patients
SELECT COUNT(*) AS n, COUNT(DISTINCT pid) AS n FROM patients
SELECT COUNT(*) FROM patients UNION ALL SELECT COUNT(*) FROM claims
SELECT COUNT(*) FROM patients EXCEPT SELECT COUNT(*) FROM claims
WITH t AS (SELECT 1) SELECT COUNT(*) FROM patients
WITH RECURSIVE t AS (SELECT 1) SELECT COUNT(*) FROM patients
VALUES (1)
TABLE patients
(SELECT COUNT(*) FROM patients)
SELECT COUNT(*) FROM patients; SELECT COUNT(*) FROM claims
EXPLAIN SELECT COUNT(*) FROM patients
EXPLAIN ANALYZE SELECT COUNT(*) FROM patients
SET a = 1
SHOW TABLES
CREATE TABLE t AS SELECT COUNT(*) FROM patients
CREATE EXTERNAL TABLE e STORED AS PARQUET LOCATION 's3://x/y.parquet'
COPY patients TO 'x.csv'
DROP TABLE patients
INSERT INTO patients VALUES (1)
SELECT COUNT(*) FROM information_schema.tables
SELECT COUNT(*) FROM a.b.patients
SELECT COUNT(*) FROM 'file.parquet'
SELECT COUNT(*) FROM "Patients"
SELECT public.count(*) FROM patients
SELECT ndb.patients.sex, COUNT(*) FROM patients GROUP BY ndb.patients.sex
SELECT sex, COUNT(*) FROM patients JOIN recipients USING (pid) GROUP BY sex
SELECT COUNT(*) FROM patients WHERE guest.none(sex) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex)
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) = 'unknown'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) = 'LOW'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) = ''
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) = 0
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) = NULL
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) IS NULL
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) IS NOT NULL
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) IS DISTINCT FROM 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) < 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) BETWEEN 'high' AND 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) LIKE 'l%'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) IN ('low', 'none')
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) IN (SELECT 'low')
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) = guest.again(birth_ym, sex)
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) || 'x' = 'lowx'
SELECT COUNT(*) FROM patients WHERE COALESCE(guest.band(birth_ym, sex), 'low') = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(sex) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band() = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex, pref) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(*) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(patients.*, sex) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(born => birth_ym, sex => sex) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(DISTINCT birth_ym, sex) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) FILTER (WHERE sex = 1) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, sex) OVER () = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym + 1, sex) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, (SELECT 1)) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, NULL) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, 1.5) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, '1') = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, 99999999999999999999) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(guest.band(birth_ym, sex), sex) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(pid, sex) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, no_such) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym, claims.points) = 'low'
SELECT COUNT(*) FROM claims WHERE guest.kin(facility_id, points) = 'yes'
SELECT COUNT(*) FROM claims WHERE guest.kin(points, points) = 'yes'
SELECT COUNT(*) FROM claims WHERE guest.kin(icd10, icd10) = 'yes'
SELECT COUNT(*) FROM claims WHERE guest.kin(icd10, yj_code) = 'yes'
SELECT COUNT(*) FROM claims WHERE guest.kin('longer than sixteen bytes', points) = 'yes'
SELECT COUNT(*) FROM labs WHERE guest.band(value, ym) = 'low'
SELECT COUNT(*) FROM patients WHERE "guest".band(birth_ym, sex) = 'low'
SELECT COUNT(*) FROM patients WHERE guest."band"(birth_ym, sex) = 'low'
SELECT COUNT(*) FROM patients WHERE "Guest".band(birth_ym, sex) = 'low'
SELECT COUNT(*) FROM patients WHERE catalog.guest.band(birth_ym, sex) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band.f(birth_ym, sex) = 'low'
SELECT COUNT(*) FROM patients WHERE public.band(birth_ym, sex) = 'low'
SELECT COUNT(*) FROM patients WHERE band(birth_ym, sex) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.count(*) = 1
SELECT SUM(guest.band(birth_ym, sex)) FROM patients
SELECT COUNT(guest.band(birth_ym, sex)) FROM patients
SELECT COUNT(DISTINCT guest.band(birth_ym, sex)) FROM patients
SELECT SUM(CASE WHEN guest.band(birth_ym, sex) = 'low' THEN points END) FROM patients JOIN claims USING (pid)
SELECT guest.band(birth_ym, sex) FROM patients GROUP BY guest.band(birth_ym, sex)
SELECT guest.band(birth_ym, sex), COUNT(*) FROM patients
SELECT guest.band(birth_ym, sex), COUNT(*) FROM patients GROUP BY guest.band(sex, birth_ym)
SELECT guest.band(birth_ym, sex), COUNT(*) FROM patients GROUP BY 1
SELECT COUNT(*) FROM patients GROUP BY guest.band(birth_ym, sex)
SELECT upper(guest.band(birth_ym, sex)), COUNT(*) FROM patients GROUP BY guest.band(birth_ym, sex)
SELECT guest.*, COUNT(*) FROM patients
SELECT COUNT(*) FROM guest.band
SELECT COUNT(*) FROM guest.band(birth_ym, sex)
SELECT COUNT(*) FROM patients JOIN claims ON guest.band(birth_ym, sex) = 'low'
SELECT COUNT(*) FROM patients ORDER BY guest.band(birth_ym, sex)
SELECT COUNT(*) FROM patients WHERE
SELECT COUNT(* FROM patients
SELECT COUNT(*) FROM patients WHERE sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1 OR sex=1
