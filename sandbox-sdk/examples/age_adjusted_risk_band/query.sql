-- People and their points by band of risk.
SELECT guest.risk_band(p.birth_ym, c.ym, p.sex, r.care_level) AS band, COUNT(DISTINCT pid) AS people, SUM(points) AS points
FROM ndb.patients p
JOIN ndb.claims c USING (pid)
JOIN kaigo.recipients r USING (pid)
GROUP BY guest.risk_band(p.birth_ym, c.ym, p.sex, r.care_level)
