-- People by stage of their creatinine values.
SELECT guest.egfr_stage(l.value, months_between(p.birth_ym, l.ym) / 12, p.sex) AS stage, COUNT(DISTINCT p.pid) AS people
FROM ndb.labs l
JOIN ndb.patients p ON p.pid = l.pid
WHERE l.jlac10 = '3C015'
GROUP BY guest.egfr_stage(l.value, months_between(p.birth_ym, l.ym) / 12, p.sex)
