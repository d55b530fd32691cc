"""Tables of the index, the same in SQLite and PostgreSQL.

A facet is a value by which an owner's drawings can be found, such as the tag `wall`. It has the number of its
drawings, and `drawing_facet` lists them in the order of pages. All drawings of an owner have the facet `all`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    create_mock_engine,
)

if TYPE_CHECKING:
    from sqlalchemy import Dialect


class CleanText(TypeDecorator[str]):
    """Text without lone surrogates and NUL, which databases do not store."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text as it is stored and compared."""
        return value and value.encode(errors="replace").decode().replace("\0", "\ufffd")


metadata = MetaData()
# Only columns of this type are numbered by SQLite.
_number = BigInteger().with_variant(Integer, "sqlite")

index_state = Table(
    "index_state",
    metadata,
    Column("name", CleanText, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

drawings = Table(
    "drawing",
    metadata,
    Column("row_id", _number, primary_key=True),
    Column("build", BigInteger, nullable=False),
    Column("id", CleanText, nullable=False),
    Column("owner", CleanText, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("width", Double, nullable=False),
    Column("height", Double, nullable=False),
    Column("search_words", CleanText, nullable=False),
    Column("record", CleanText, nullable=False),
    UniqueConstraint("build", "id"),
    Index("drawing_by_width", "build", "owner", "width", "height"),
    Index("drawing_by_height", "build", "owner", "height"),
)

facets = Table(
    "facet",
    metadata,
    Column("facet_id", _number, primary_key=True),
    Column("build", BigInteger, nullable=False),
    Column("kind", CleanText, nullable=False),
    Column("owner", CleanText, nullable=False),
    Column("value", CleanText, nullable=False),
    Column("drawings", BigInteger, nullable=False),
    UniqueConstraint("build", "kind", "owner", "value"),
)
Index(
    "facet_by_count",
    facets.c.build,
    facets.c.kind,
    facets.c.owner,
    facets.c.drawings.desc(),
    facets.c.value,
)

# The sides are repeated here, so that a search by facet and size reads this table only.
drawing_facets = Table(
    "drawing_facet",
    metadata,
    Column("facet_id", BigInteger, primary_key=True),
    Column("made_at", Double, primary_key=True),
    Column("id", CleanText, primary_key=True),
    Column("row_id", BigInteger, nullable=False),
    Column("width", Double, nullable=False),
    Column("height", Double, nullable=False),
    sqlite_with_rowid=False,
)

removed_drawings = Table("removed_drawing", metadata, Column("id", CleanText, primary_key=True))

# Full-text search of `search_words`.
_FULL_TEXT = {
    "sqlite": [
        """CREATE VIRTUAL TABLE drawing_fts USING fts5 (search_words, content='drawing', content_rowid='row_id',
            tokenize='unicode61 remove_diacritics 2', prefix='2 3')""",
        """CREATE TRIGGER drawing_fts_insert AFTER INSERT ON drawing BEGIN
            INSERT INTO drawing_fts (rowid, search_words) VALUES (new.row_id, new.search_words); END""",
        """CREATE TRIGGER drawing_fts_delete AFTER DELETE ON drawing BEGIN
            INSERT INTO drawing_fts (drawing_fts, rowid, search_words) VALUES ('delete', old.row_id, old.search_words); END""",
    ],
    "postgresql": [
        """ALTER TABLE drawing ADD search_vector tsvector
            GENERATED ALWAYS AS (array_to_tsvector(string_to_array(search_words, ' '))) STORED""",
        "CREATE INDEX drawing_by_words ON drawing USING gin (search_vector)",
    ],
}


def create_statements(dialect: Dialect) -> list[str]:
    """Return the statements that create the tables."""
    found: list[str] = []
    mock = create_mock_engine(
        f"{dialect.name}+{dialect.driver}://",
        lambda one, *_, **__: found.append(str(one.compile(dialect=dialect))),
    )
    metadata.create_all(mock, checkfirst=False)
    return found + _FULL_TEXT[dialect.name]
