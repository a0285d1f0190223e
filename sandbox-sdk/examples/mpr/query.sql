-- Who takes what was prescribed (a possession ratio of 0.8 or more), and the mean ratio, by sex.
SELECT p.sex, COUNT(DISTINCT m.pid) AS people, COUNT(DISTINCT CASE WHEN m.ratio >= 0.8 THEN m.pid END) AS adherent, AVG(m.ratio) AS ratio
FROM guest.mpr m
JOIN ndb.patients p ON p.pid = m.pid
GROUP BY p.sex
