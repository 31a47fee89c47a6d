"""Every way in that we know, as data: statements and requests, by the number that they have in our notes."""

NESTED = "with a0 as (select 1 as x)" + "".join(
    f", a{i} as (select * from a{i - 1} union all select * from a{i - 1})" for i in range(1, 30)
)

# Free SQL; {lake} is the lake's folder.
STATEMENTS = {
    "1 copy after a select": "select 1; copy (select 1) to '{lake}/evil.csv'",
    "2 copy over the database": "select 1; copy (select 1) to '{lake}/serving.duckdb' (format csv, use_tmp_file false)",
    "2 read the database": "select * from read_blob('{lake}/serving.duckdb')",
    "2 read a file": "select * from read_text('/etc/passwd')",
    "2 read a csv": "select * from read_csv('/etc/passwd')",
    "2 read parquet": "select * from read_parquet('{lake}/*/*/*/*.parquet')",
    "2 a file's name as a table": "select * from '/etc/passwd'",
    "2 glob": "select * from glob('/*')",
    "2 read the environment": "select * from read_text('/proc/self/environ')",
    "2 read an open file": "select size from read_blob('/proc/self/fd/*')",
    "3 explain analyze": "select 1; explain analyze copy (select 1) to '{lake}/evil.csv'",
    "3 explain": "explain select 1",
    "4 temporary view": "select 1; create temp view points as select 666 as pid",
    "4 temporary macro": "select 1; create temp macro round(x, n) as 7",
    "5 st_read_meta": "select * from st_read_meta('{lake}/serving.duckdb')",
    "6 query": "select * from query('select 1')",
    "6 query_table": "select * from query_table('points')",
    "6 serialized": "select * from json_execute_serialized_sql(json_serialize_sql('select 1'))",
    "7 a python variable": "select * from rows",
    "8 databases": "select * from duckdb_databases()",
    "8 settings": "select * from duckdb_settings()",
    "8 current_setting": "select current_setting('temp_directory')",
    "8 show": "select * from (show databases)",
    "8 getvariable": "select getvariable('lake')",
    "8 version": "select version()",
    "8 pragma": "select * from pragma_version()",
    "9 a cte named like a system view": "with duckdb_databases as (select 1) select * from main.duckdb_databases",
    "9 a cte in another scope": "select * from duckdb_tables, (with duckdb_tables as (select 1) select * from duckdb_tables)",
    "9 information_schema": 'with "columns" as (select 1) select * from information_schema.columns',
    "10 another schema": "select * from lake.series",
    "10 another schema's points": "select * from staging.points",
    "10 a served name in another schema": "select * from lake.points",
    "10 a served name among temporary ones": "select * from temp.points",
    "10 another catalogue": "select * from served.lake.state",
    "10 sqlite_master": "select * from sqlite_master -- select name from sqlite_master where type='table'",
    "11 a range": "select len(range(2000000000))",
    "11 an unnested range": "select count(x) from (select unnest(range(1000000000)) as x)",
    "11 repeat": "select len(repeat('x', 4000000000))",
    "11 repeat of a column": "select sum(len(repeat(pid, 400000000))) from points",
    "11 unnest": "select count(*) from (select unnest(range(1000000000)))",
    "12 levenshtein": "select levenshtein(repeat('a', 400000), repeat('b', 400000))",
    "12 a long list sorted": "select list_sort(list_transform(range(50000000), x -> hash(x)))[1]",
    "12 a runaway join": "select count(*) from points as a, points as b, points as c where a.pid < b.pid or b.pid < c.pid",
    "13 nested subqueries": NESTED + " select count(*) from a29",
    "13 nested, planned anew each time": NESTED.replace(" as (select *", " as not materialized (select *")
    + " select count(*) from a29",
    "attach": "select 1; attach '{lake}/evil.duckdb' as evil",
    "install": "select 1; install httpfs",
    "load": "select 1; load '{lake}/evil.so'",
    "set": "select 1; set memory_limit = '100GB'",
    "reset": "select 1; reset lock_configuration",
    "delete": "select 1; delete from points",
    "write by a cte": "with x as (delete from points returning *) select * from x",
    "nextval": "select nextval('s')",
    "sleep": "select sleep_ms(100000)",
    "write_log": "select write_log('x')",
    "brackets": "select " + "abs(" * 4000 + "1" + ")" * 4000,
    "brackets of nots": "select " + "not " * 4500 + "true",
    "too long": "select '" + "x" * 30_000 + "'",
}


# What asks a route for too much or for what it does not have.
REQUESTS = {
    "16 cells smaller than any": "/-/egms/viewport?bbox=13,38,14,39&kind=cells&width=1e9",
    "16 cells of no size": "/-/egms/viewport?bbox=13,38,14,39&width=nan",
    "16 no limit": "/-/egms/viewport?bbox=13,38,14,39&limit=1e12&format=arrow",
    "16 the whole world as points": "/-/egms/viewport?bbox=-180,-90,180,90&kind=points&limit=100",
    "16 a polygon of too many corners": "/-/egms/polygon?polygon="
    + ";".join(f"{i % 90},1" for i in range(900)),
    "16 a broken polygon": "/-/egms/polygon?polygon=13,38;x",
    "16 a line around the world": "/-/egms/profile?line=-170,0;170,0",
    "a statement as a pid": "/-/egms/point?pid=x' or 1=1 --",
    "a statement as a column": "/-/egms/viewport?bbox=13,38,14,39&columns=pid from points; drop table points",
    "a statement as a class": "/-/egms/viewport?bbox=13,38,14,39&class=x'); drop table points; --&min_rmse_mm=a",
    "a path as a release": "/-/egms/viewport?bbox=13,38,14,39&release=../../etc/passwd",
    "a path as a pid": "/-/egms/series?pid=../../etc/passwd",
    "a path as an area": "/-/egms/motion?area=../../etc/passwd",
    "the reference's names": "/get_timeseries?pid=' union select * from read_text('/etc/passwd') --",
}


# What tells what is private, where visitors may not see the table `points`.
PRIVATE = (
    "/egms/points",
    "/egms/points.json",
    "/egms/points.csv?_stream=on",
    "/egms/points/166ax4TCOe,EGMS_L2b_117_0227_IW2_VV_2020_2024_1.json",
    "/egms.json?sql=select+*+from+points",
    "/egms/products.json?_where=pid_min+in+(select+pid+from+points)",
    "/egms/velocities_by_product.json",
    "/egms/strongest_movers.csv",
    "/egms/points_around.json?longitude=13.18&latitude=38.7",
    "/-/egms/viewport?bbox=13,38,14,39",
    "/-/egms/point?pid=166ax4TCOe",
    "/-/egms/series?pid=166ax4TCOe",
    "/-/egms/model?pid=166ax4TCOe",
    "/-/egms/polygon?polygon=13.17,38.70;13.19,38.70;13.19,38.72",
    "/-/egms/profile?line=13.16,38.70;13.18,38.705",
    "/-/egms/frames?bbox=13.175,38.70,13.18,38.705",
    "/-/egms/download?bbox=13,38,14,39",
    "/-/egms/search?q=166ax4TCOe",
    "/-/egms/motion?area=a",
    "/-/egms/info",
    "/get_points",
    "/get_timeseries?pid=166ax4TCOe",
    "/get_info",
)

# Pages that tell versions, paths, settings or who asked what.
TALKATIVE = (
    *("/-/versions.json", "/-/metadata.json", "/-/plugins.json", "/-/settings.json", "/-/databases.json"),
    *(
        "/-/threads.json",
        "/-/versions",
        "/-/databases",
        "/-/permissions",
        "/-/config.json",
        "/_internal.json",
    ),
    *("/_memory.json?sql=select+1", "/egms.db", "/egms/-/../../etc/passwd", "/-/static/../../../etc/passwd"),
    *("/-/static-plugins/egmsql/../plugin.py", "/-/static-plugins/egmsql/%2e%2e/plugin.py"),
)
