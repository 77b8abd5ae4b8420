"""Histories on other machines: a web server, a server that behaves like S3, and PostgreSQL, all on loopback."""

import http.server
import threading
from pathlib import Path

import databases
import pandas as pd
import pytest
from databases import SECRET
from test_data_sources import QUERY, ROWS, days, read, refused

CSV = b"customer_id,order_date,revenue\nann,2011-05-01,10.5\nbob,2011-05-02,7\nann,2011-05-02,-2\n"
PURCHASES = [("ann", "2011-05-01", 10.5), ("ann", "2011-05-02", -2.0), ("bob", "2011-05-02", 7.0)]


@pytest.fixture(scope="module")
def web():
    """The address of a web server with /sales.csv, /cut.csv, which ends too early, and nothing else."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path in ("/sales.csv", "/cut.csv") else 404)
            self.send_header("Content-Length", str(len(CSV) + (9 if self.path == "/cut.csv" else 0)))
            self.end_headers()
            self.wfile.write(CSV)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_file_of_a_web_server_is_read_like_any_other(web):
    assert days(read(f"{web}/sales.csv")) == PURCHASES


def test_a_file_that_a_web_server_does_not_give_is_refused_by_its_status(web):
    assert refused(f"{web}/other.csv").startswith(
        f"[NO_FILE] the server does not give the file: status 404, {web}/other.csv"
    )
    assert refused(f"{web}/cut.csv").startswith("[UNREADABLE_FILE] the server gave 86 of 95 bytes")
    assert refused("http://127.0.0.1:9/x.csv").startswith("[UNREADABLE_FILE] the server does not give the file: ")


@pytest.fixture(scope="module")
def bucket():
    """An address of S3 with sales.csv and a folder of Parquet files; the server's address and a secret are in the environment."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    patch = pytest.MonkeyPatch()
    environment = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in (environment | {"AWS_ENDPOINT_URL": f"http://{host}:{port}"}).items():
        patch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="shop")
    client.put_object(Bucket="shop", Key="sales.csv", Body=CSV)
    client.put_object(Bucket="shop", Key="lake/_SUCCESS", Body=b"")
    for number, (customer, day, revenue) in enumerate(ROWS):
        table = pd.DataFrame({"customer_id": [customer], "order_date": [day], "revenue": [revenue]})
        client.put_object(Bucket="shop", Key=f"lake/year=2011/part-{number}.parquet", Body=table.to_parquet())
    yield "s3://shop"
    patch.undo()
    server.stop()


def test_a_file_a_folder_and_a_pattern_of_a_bucket_are_read(bucket):
    assert days(read(f"{bucket}/sales.csv")) == PURCHASES
    assert days(read(f"{bucket}/lake", where="year = 2011")) == PURCHASES
    assert days(read(f"{bucket}/lake/*/part-[01].parquet")) == [PURCHASES[0], PURCHASES[2]]


def test_what_a_bucket_does_not_have_is_refused_without_the_secret(bucket):
    messages = [refused(f"{bucket}/{name}") for name in ("none.csv", "none-*.csv")] + [refused("s3://nobodys/x.csv")]
    assert [message.split("]")[0] for message in messages] == ["[NO_FILE", "[NO_FILE", "[UNREADABLE_FILE"]
    assert SECRET not in "".join(messages)


@pytest.fixture(scope="module")
def postgresql():
    """The address of a PostgreSQL of this test, with a table; the password is in the environment."""
    psycopg = pytest.importorskip("psycopg")
    with databases.postgresql() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        address = f"postgresql://127.0.0.1:{server.port}/postgres"
        with psycopg.connect(address) as database:
            database.execute("CREATE TABLE sales (customer_id BIGINT, order_date TIMESTAMPTZ, revenue NUMERIC(10,2))")
            rows = [({"ann": 1, "bob": 2}[who], f"{day} 23:30:00+00", revenue) for who, day, revenue in ROWS]
            with database.cursor() as cursor:
                cursor.executemany("INSERT INTO sales VALUES (%s, %s, %s)", rows)
        yield address


@pytest.mark.slow
class TestPostgresql:
    def test_a_query_is_read_with_its_types(self, postgresql):
        history = read(postgresql, query=f"{QUERY};")
        assert days(history) == [("1", "2011-05-01", 10.5), ("1", "2011-05-02", -2.0), ("2", "2011-05-02", 7.0)]
        assert len(history.quality.sha256) == 64

    def test_moments_count_in_the_zone_that_is_named(self, postgresql):
        assert days(read(postgresql, query=QUERY, timezone="Europe/Berlin"))[0] == ("1", "2011-05-02", 10.5)

    @pytest.mark.parametrize(
        "query",
        [
            "DELETE FROM sales",
            "WITH gone AS (DELETE FROM sales RETURNING *) SELECT * FROM gone",
            f"{QUERY}; DELETE FROM sales",
            f"{QUERY}; COMMIT; DELETE FROM sales; COMMIT",
            "COPY sales TO PROGRAM 'touch /tmp/clv-stolen'",
            "SELECT setval(pg_get_serial_sequence('sales', 'x'), 1)",
            "SELECT set_config('transaction_read_only', 'off', false)",
            "SELECT nothing FROM sales",
        ],
    )
    def test_a_query_can_only_read(self, postgresql, query):
        assert refused(postgresql, query=query).startswith("[DATABASE] the database does not give the rows: ")
        assert len(days(read(postgresql, query=QUERY))) == 3 and not Path("/tmp/clv-stolen").exists()

    def test_without_a_query_the_tables_are_named(self, postgresql):
        assert refused(postgresql).startswith("[DATABASE] a database needs a query; its tables are: public.sales, ")

    def test_a_wrong_password_and_a_closed_door_are_refused_without_the_secret(self, postgresql, monkeypatch):
        monkeypatch.setenv("PGPASSWORD", f"{SECRET}-wrong")
        messages = [refused(postgresql, query=QUERY), refused("postgresql://127.0.0.1:9/shop", query=QUERY)]
        assert SECRET not in "".join(messages) and all(message.startswith("[DATABASE]") for message in messages)
