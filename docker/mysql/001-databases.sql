-- Run once, by an empty MySQL container: a database for each system. The user of the processes is made by the image from
-- MYSQL_USER and MYSQL_PASSWORD and may do nothing yet: its rights come table by table, with the tables, from the service
-- `migrate`, and do not include changing what was audited.
CREATE DATABASE IF NOT EXISTS erp CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE DATABASE IF NOT EXISTS wms CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE DATABASE IF NOT EXISTS returns CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE DATABASE IF NOT EXISTS availability CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE DATABASE IF NOT EXISTS control CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
