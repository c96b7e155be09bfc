"""The first difference of each format in its own terms."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from reenact.project.types import Tolerance
from reenact.reproduce.compare import Judgement, Spread, compare
from tests.reproduce.compare.pairs import judge, write

TABLE = "epoch,loss,seconds\n1,0.9,3.25\n2,0.5,3.5\n3,0.25,3.75\n"


def test_bytes_say_where(tmp_path: Path) -> None:
    found = judge(tmp_path, "model.bin", b"\x00abcdef", b"\x00abXdefg")
    assert found.difference.splitlines() == [
        "byte 3 differs: 0x63 → 0x58; 7 → 8 bytes",
        "only bytes were compared: files of this kind (.bin) are not loaded",
    ]
    assert judge(tmp_path, "m.bin", b"\0ab", b"\0a").difference.startswith("the old one goes on where the new one ends")


class TestTable:
    def test_a_cell_has_its_row_and_its_column(self, tmp_path: Path) -> None:
        found = judge(tmp_path, "scores.csv", TABLE, TABLE.replace("0.5", "0.75").replace("3.75", "4"))
        assert found == Judgement(
            "different",
            "row 2 (epoch 2), column loss: 0.5 → 0.75 (by 0.25, 33.33%)\n"
            "2 of 9 cells differ, in loss by 0.25 at most (relative: 0.333)",
            {"loss": Spread(0.25, 0.25 / 0.75), "seconds": Spread(0.25, 0.0625)},
        )

    def test_within_tolerance_says_by_how_much(self, tmp_path: Path) -> None:
        found = judge(tmp_path, "scores.csv", TABLE, TABLE.replace("0.5", "0.5000001"), Tolerance(rtol=1e-6))
        assert found.verdict == "within tolerance"
        assert found.difference == "1 of 9 cells differ, in loss by 1e-07 at most (relative: 2e-07)"

    def test_a_column_that_is_ignored(self, tmp_path: Path) -> None:
        other = TABLE.replace("3.", "9.")
        assert judge(tmp_path, "s.csv", TABLE, other, Tolerance(ignore=("seconds",))).verdict == "within tolerance"
        gone = "epoch,loss\n1,0.9\n2,0.5\n3,0.25\n"
        assert judge(tmp_path, "s.csv", TABLE, gone, Tolerance(ignore=("sec*",))).verdict == "within tolerance"
        assert judge(tmp_path, "s.csv", TABLE, gone).difference == "column 'seconds' is gone"

    def test_the_order_of_columns_and_the_count_of_rows(self, tmp_path: Path) -> None:
        assert "another order" in judge(tmp_path, "s.csv", "a,b\n1,2\n", "b,a\n2,1\n").difference
        assert judge(tmp_path, "s.csv", "a,b\n1,2\n", "a,b\n1,2\n3,4\n").difference == "1 rows → 2 rows"
        assert judge(tmp_path, "s.csv", "a,b\n1,2\n", "a,b\n1,2,3\n").difference == "row 1: 2 cells → 3 cells"

    def test_without_names_columns_have_numbers(self, tmp_path: Path) -> None:
        found = judge(tmp_path, "s.tsv", "1\t2\n3\t4\n", "1\t2\n3\t5\n")
        assert found.difference == "row 2 (1 3), column 2: 4 → 5 (by 1, 20.00%)"
        assert judge(tmp_path, "s.tsv", "1\t2\n", "1\t3\n", Tolerance(ignore=("2",))).verdict == "within tolerance"

    @pytest.mark.parametrize("separator", ",;\t|")
    def test_the_first_line_says_what_separates(self, tmp_path: Path, separator: str) -> None:
        old, new = (f"a{separator}b\n1{separator}{last}\n" for last in "23")
        assert "column b: 2 → 3" in judge(tmp_path, "s.csv", old, new).difference

    def test_a_name_that_looks_like_a_number_is_none(self, tmp_path: Path) -> None:
        found = judge(tmp_path, "s.csv", "id\n007\n", "id\n7\n", Tolerance(atol=1))
        assert (found.verdict, found.fixed) == ("different", ("id",))

    def test_another_writing_of_the_same_is_within_tolerance(self, tmp_path: Path) -> None:
        found = judge(tmp_path, "s.csv", "a,b\n1,x\n", 'a,b\n1.0,"x"\n')
        assert found == Judgement("within tolerance", "every cell that counts says the same")


class TestDocuments:
    def test_a_value_has_its_key_path(self, tmp_path: Path) -> None:
        old = {"model": {"depth": 3}, "history": [{"loss": 0.5}, {"loss": 0.25}]}
        new = {"history": [{"loss": 0.5}, {"loss": 0.125}], "model": {"depth": 3}}
        found = judge(tmp_path, "r.json", json.dumps(old), json.dumps(new))
        assert found.difference == "history.1.loss: 0.25 → 0.125 (by 0.125, 50.00%)"
        assert found.spreads == {"history.*.loss": Spread(0.125, 0.5)}
        assert judge(tmp_path, "r.json", json.dumps(old), json.dumps(new), Tolerance(rtol=0.5)).verdict != "different"

    def test_keys_come_and_go_and_lists_grow(self, tmp_path: Path) -> None:
        assert judge(tmp_path, "r.json", '{"a": 1}', '{"b": 1}').difference.startswith("a is gone: 1")
        assert judge(tmp_path, "r.json", '{"a": [1]}', '{"a": [1, 2]}').difference == "a: 1 items → 2 items"
        assert judge(tmp_path, "r.json", '{"a": [1]}', '{"a": {}}').difference == "a: a list of 1 → an object of 0"
        assert judge(tmp_path, "r.json", "1", "2").difference == "the document: 1 → 2 (by 1, 50.00%)"

    def test_what_is_ignored_is_not_looked_into(self, tmp_path: Path) -> None:
        old, new = '{"t": {"x": 1}, "h": [{"s": 1}]}', '{"h": [{"s": 2}]}'
        assert judge(tmp_path, "r.json", old, new, Tolerance(ignore=("t", "h.*.s"))).verdict == "within tolerance"
        assert judge(tmp_path, "r.json", old, new, Tolerance(ignore=("t",))).difference.startswith("h.0.s: 1 → 2")

    def test_json_in_another_order_says_the_same(self, tmp_path: Path) -> None:
        found = judge(tmp_path, "r.json", '{"a":1,"b":2}', '{"b": 2, "a": 1}')
        assert found == Judgement("within tolerance", "every value that counts is the same")

    def test_a_key_that_stands_twice_is_not_hidden(self, tmp_path: Path) -> None:
        found = judge(tmp_path, "r.json", '{"a":1,"a":2}', '{"a":3,"a":2}')
        assert found.verdict == "different"
        assert "a key stands twice" in found.difference

    def test_numbers_that_no_double_holds(self, tmp_path: Path) -> None:
        assert judge(tmp_path, "r.json", "[1e400]", "[1e401]", Tolerance(rtol=1)).verdict == "different"
        assert judge(tmp_path, "r.json", "[9007199254740993]", "[9007199254740992]").verdict == "different"
        assert judge(tmp_path, "r.json", "[NaN]", "[ NaN ]").verdict == "within tolerance"

    def test_lines_have_numbers(self, tmp_path: Path) -> None:
        found = judge(tmp_path, "r.jsonl", '{"a":1}\n{"a":2}\n', '{"a":1}\n{"a":3}\n')
        assert found.difference == "line 2 a: 2 → 3 (by 1, 33.33%)"
        assert judge(tmp_path, "r.jsonl", '{"a":1}\n', '{"a":1}\n{"a":3}\n').difference == "1 lines → 2 lines"

    def test_yaml_and_toml(self, tmp_path: Path) -> None:
        assert judge(tmp_path, "r.yaml", "a: {b: 0.5}\n", "a:\n  b: 0.75\n").difference.startswith("a.b: 0.5 → 0.75")
        assert judge(tmp_path, "r.yaml", "a: .nan\n", "a:   .NaN\n").verdict == "within tolerance"
        assert judge(tmp_path, "r.yaml", "a: '1'\n", "a: 1\n").difference == "a: '1' → 1"
        assert judge(tmp_path, "r.yaml", "a: 1\n---\nb: 2\n", "a: 1\n---\nb: 3\n").difference.startswith("1.b: 2 → 3")
        assert judge(tmp_path, "r.toml", "[a]\nb = 0.5\n", "a = {b = 0.75}\n").difference.startswith("a.b: 0.5 → 0.75")
        assert "2026-01-02 → 2026-01-03" in judge(tmp_path, "r.toml", "a=2026-01-02", "a=2026-01-03").difference

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("deep.json", "[" * 200_000),
            ("deep.json", "[" * 900 + "]" * 900),
            ("deep.yaml", "[" * 100_000),
            ("deep.yaml", "- " * 100_000),
            ("deep.toml", "a = " + "[" * 50_000),
            ("loop.yaml", "a: &a [*a]\n"),
            ("none.yaml", "a: *nothing\n"),
            ("tag.yaml", "!!python/object/apply:os.system [echo]\n"),
            ("digits.json", "9" * 100_000),
        ],
    )
    def test_a_document_cannot_hurt(self, tmp_path: Path, name: str, text: str) -> None:
        assert judge(tmp_path, name, text, text + " ").difference
        assert judge(tmp_path, name, text, text).verdict == "identical"

    def test_laughter_has_an_end(self, tmp_path: Path) -> None:
        """One document with both: what is read is read whole, and what is compared has a bound."""
        merged = [f"m{at}: &m{at} {{<<: [{', '.join([f'*m{at - 1}'] * 10)}]}}" for at in range(1, 12)]
        lines = [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10)}]" for at in range(1, 12)]
        text = "\n".join(("m0: &m0 {x: 1}", *merged, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *lines))
        found = judge(tmp_path, "bomb.yaml", text + "\nb: 1\n", text + "\nb: 2\n")
        assert found.verdict == "different"
        assert "too many values" in found.difference


class TestText:
    def test_the_first_lines_that_differ(self, tmp_path: Path) -> None:
        old = "".join(f"line {name}\n" for name in "abcdefgh")
        found = judge(tmp_path, "log.txt", old, old.replace("line d\n", "line d\nan inserted one\n"))
        assert found.difference.splitlines()[:4] == ["line 5:", " line c", " line d", "+an inserted one"]

    def test_numbers_in_lines_match_as_numbers(self, tmp_path: Path) -> None:
        old, new = "loss: 0.5000 after 3 steps\n", "loss: 0.5001 after 3 steps\n"
        assert judge(tmp_path, "log", old, new).verdict == "different"
        assert judge(tmp_path, "log", old, new, Tolerance(rtol=1e-3)).verdict == "within tolerance"
        assert judge(tmp_path, "log", old, new.replace("steps", "turns"), Tolerance(rtol=1)).verdict == "different"

    def test_lines_that_are_ignored(self, tmp_path: Path) -> None:
        old, new = "took 3 s\nloss 1\n", "loss 1\ntook 4 s\ntook 5 s\n"
        assert judge(tmp_path, "log", old, new, Tolerance(ignore=("took *",))).verdict == "within tolerance"

    def test_a_long_line_is_cut(self, tmp_path: Path) -> None:
        found = judge(tmp_path, "log", "a" * 100_000, "b" * 100_000)
        assert len(found.difference) < 600

    def test_what_ends_a_line_counts(self, tmp_path: Path) -> None:
        assert judge(tmp_path, "log", "a\nb\n", "a\r\nb\r\n").verdict == "different"


class TestArrays:
    def save(self, **arrays: Any) -> bytes:
        out = io.BytesIO()
        np.savez(out, **arrays)
        return out.getvalue()

    def test_an_element_has_its_array_and_index(self, tmp_path: Path) -> None:
        old = np.arange(6.0).reshape(2, 3)
        new = old.copy()
        new[1, 2] = 5.5
        found = judge(tmp_path, "w.npz", self.save(w=old, b=old), self.save(w=new, b=old))
        assert found.difference == "array w[1, 2]: 5.0 → 5.5 (by 0.5, 9.09%)"
        assert found.spreads == {"w": Spread(0.5, 0.5 / 5.5)}
        assert judge(tmp_path, "w.npz", self.save(w=old), self.save(w=new), Tolerance(atol=0.5)).verdict != "different"

    @pytest.mark.parametrize("kind", ["u1", "i8", "u8", "f2", "f4", "c8", "c16", ">f8", "longdouble"])
    def test_every_kind_of_number(self, tmp_path: Path, kind: str) -> None:
        old, new = np.array([0, 1, 2], kind), np.array([0, 2, 2], kind)
        found = judge(tmp_path, "w.npz", self.save(w=old), self.save(w=new))
        assert found.spreads == {"w": Spread(1.0, 0.5)}
        assert judge(tmp_path, "w.npz", self.save(w=old), self.save(w=new), Tolerance(atol=1)).verdict != "different"

    def test_kinds_that_are_no_numbers(self, tmp_path: Path) -> None:
        pairs = [
            (np.array([True]), np.array([False])),
            (np.array(["a"]), np.array(["b"])),
            (np.array(["2026-01-01"], "M8[s]"), np.array(["NaT"], "M8[s]")),
            (np.array([b"ab"], "V2"), np.array([b"ac"], "V2")),
        ]
        for old, new in pairs:
            found = judge(tmp_path, "w.npz", self.save(w=old), self.save(w=new), Tolerance(atol=1e9))
            assert (found.verdict, found.fixed) == ("different", ("w",))

    def test_type_shape_fields_and_names(self, tmp_path: Path) -> None:
        old, new = np.zeros(3, "f8"), np.zeros(4, "f4")
        said = judge(tmp_path, "w.npz", self.save(w=old), self.save(w=new)).difference
        assert said == "array w: float64 → float32, (3,) → (4,)"
        assert judge(tmp_path, "w.npz", self.save(w=old), self.save(v=old)).difference.startswith("array w is gone")
        one, other = np.array([(1, 2.0)], "i4,f8"), np.array([(1, 3.0)], "i4,f8")
        assert judge(tmp_path, "w.npz", self.save(w=one), self.save(w=other)).difference.startswith(
            "array w.f1[0]: 2.0"
        )
        ignoring = Tolerance(ignore=("w.f1",))
        assert judge(tmp_path, "w.npz", self.save(w=one), self.save(w=other), ignoring).verdict == "within tolerance"

    def test_numbers_at_the_edges(self, tmp_path: Path) -> None:
        old = np.array([np.nan, np.inf, -0.0])
        assert judge(tmp_path, "w.npz", self.save(w=old), self.save(w=old + 0.0)).verdict == "within tolerance"
        other = np.array([np.nan, 1e308, 0.0])
        found = judge(tmp_path, "w.npz", self.save(w=old), self.save(w=other), Tolerance(1.0, 1e300))
        assert found.verdict == "different"
        assert "[1]: inf → 1e+308" in found.difference

    def test_objects_are_never_loaded(self, tmp_path: Path) -> None:
        class Trap:
            def __reduce__(self) -> tuple[object, tuple[str]]:
                return os.mkdir, (str(tmp_path / "sprung"),)

        saved = [self.save(w=np.array([Trap(), at], object)) for at in (1, 2)]
        found = judge(tmp_path, "w.npz", saved[0], saved[1])
        assert found.verdict == "different"
        assert "Python objects" in found.difference
        assert not (tmp_path / "sprung").exists()

    def test_a_header_that_promises_too_much(self, tmp_path: Path) -> None:
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
        data = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + header.ljust(117) + b"\n" + bytes(80)
        found = judge(tmp_path, "w.npy", data, data + b"x")
        assert found.verdict == "different"
        assert "shorter than its header says" in found.difference

    def test_a_column_of_fortran_and_an_empty_one(self, tmp_path: Path) -> None:
        old = np.arange(6.0).reshape(2, 3)
        for name, array in (("old", old), ("new", np.asfortranarray(old))):
            np.save(tmp_path / f"{name}.npy", array)
        assert compare(tmp_path / "old.npy", tmp_path / "new.npy").verdict == "within tolerance"
        np.save(tmp_path / "old.npy", old[:0])
        assert compare(tmp_path / "old.npy", tmp_path / "new.npy").difference == "the array: (0, 3) → (2, 3)"


class TestImages:
    def save(self, pixels: Any, kind: str = "PNG", **more: Any) -> bytes:
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, kind, **more)
        return out.getvalue()

    def test_a_share_of_pixels_and_the_first(self, tmp_path: Path) -> None:
        old = np.zeros((10, 20, 3), np.uint8)
        new = old.copy()
        new[4, 7], new[5, 5, 0] = (0, 30, 0), 2
        found = judge(tmp_path, "plot.png", self.save(old), self.save(new))
        assert found.difference.splitlines() == [
            "pixel (7, 4): (0, 0, 0) → (0, 30, 0); 1.00% of the pixels differ",
            "2 of 200 pixels differ, by 30 at most (relative: 1)",
        ]
        assert judge(tmp_path, "plot.png", self.save(old), self.save(new), Tolerance(atol=30)).verdict != "different"
        assert judge(tmp_path, "plot.png", self.save(old), self.save(new), Tolerance(atol=29)).verdict == "different"

    def test_what_is_written_beside_the_pixels_does_not_count(self, tmp_path: Path) -> None:
        pixels = np.zeros((4, 4), np.uint8)
        told = PngImagePlugin.PngInfo()
        told.add_text("Software", "another version")
        found = judge(tmp_path, "plot.png", self.save(pixels), self.save(pixels, pnginfo=told))
        assert found == Judgement("within tolerance", "every pixel is the same")

    def test_size_and_jpeg(self, tmp_path: Path) -> None:
        small, large = np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8)
        assert "4 x 4 pixels" in judge(tmp_path, "p.png", self.save(small), self.save(large)).difference
        noise = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
        saved = [self.save(noise, "JPEG", quality=quality) for quality in (90, 95)]
        assert "pixels differ" in judge(tmp_path, "p.jpg", saved[0], saved[1]).difference

    def test_an_image_that_would_fill_the_memory(self, tmp_path: Path) -> None:
        huge = Image.new("1", (20_000, 20_000))
        out = io.BytesIO()
        huge.save(out, "PNG")
        found = judge(tmp_path, "p.png", out.getvalue(), out.getvalue() + b"x")
        assert "only bytes were compared" in found.difference


class TestArchives:
    def save(self, members: Mapping[str, str | bytes], year: int = 2020) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), content)
        return out.getvalue()

    def test_a_member_and_what_differs_in_it(self, tmp_path: Path) -> None:
        old, new = (
            self.save({"a/s.csv": TABLE, "b": "x"}),
            self.save({"a/s.csv": TABLE.replace("0.5", "1"), "b": "x"}),
        )
        found = judge(tmp_path, "r.zip", old, new)
        assert found.difference.startswith("a/s.csv: row 2 (epoch 2), column loss: 0.5 → 1 (by 0.5")
        assert found.spreads == {"a/s.csv: loss": Spread(0.5, 0.5)}
        assert judge(tmp_path, "r.zip", old, new, Tolerance(ignore=("a/*",))).verdict == "within tolerance"
        assert judge(tmp_path, "r.zip", old, self.save({"b": "x"})).difference == "a/s.csv: is gone"

    def test_times_are_of_the_archive(self, tmp_path: Path) -> None:
        found = judge(tmp_path, "r.zip", self.save({"a": "1"}), self.save({"a": "1"}, 2021))
        assert found.verdict == "within tolerance"
        assert "times" in found.difference

    def test_names_that_lead_elsewhere_lead_nowhere(self, tmp_path: Path) -> None:
        old, new = (self.save({"../../evil.json": f"[{at}]", "/abs": "x"}) for at in (1, 2))
        assert judge(tmp_path, "r.zip", old, new).difference.startswith("../../evil.json: 0: 1 → 2")
        assert not (tmp_path / "evil.json").exists()

    def test_archives_in_archives_have_an_end(self, tmp_path: Path) -> None:
        old, new = self.save({"a": "1"}), self.save({"a": "2"})
        for _ in range(20):
            old, new = self.save({"in.zip": old}), self.save({"in.zip": new})
        found = judge(tmp_path, "r.zip", old, new)
        assert "too many archives in each other" in found.difference

    def test_a_bomb_is_not_unpacked(self, tmp_path: Path) -> None:
        bomb = bytearray(self.save({"a": bytes(1 << 20)}))
        at = bytes(bomb).index(b"PK\x01\x02")
        bomb[at + 24 : at + 28] = (0xFFFFFFF0).to_bytes(4, "little")
        found = judge(tmp_path, "r.zip", bytes(bomb), self.save({"a": "1"}))
        assert "unpacks to more than" in found.difference

    def test_gzip_by_what_is_in_it(self, tmp_path: Path) -> None:
        old, new = gzip.compress(TABLE.encode(), mtime=1), gzip.compress(TABLE.encode(), mtime=2)
        assert judge(tmp_path, "s.csv.gz", old, new).verdict == "within tolerance"
        other = gzip.compress(TABLE.replace("0.5", "1").encode())
        assert judge(tmp_path, "s.csv.gz", old, other).difference.startswith("row 2 (epoch 2), column loss")


class TestFolders:
    def test_file_by_file(self, tmp_path: Path) -> None:
        for name in ("old", "new"):
            write(tmp_path / name / "deep/a.json", '{"x": 1}')
            write(tmp_path / name / "b.txt", "same")
        assert compare(tmp_path / "old", tmp_path / "new").verdict == "identical"
        write(tmp_path / "new/deep/a.json", '{"x": 2}')
        write(tmp_path / "new/c.txt", "more")
        found = compare(tmp_path / "old", tmp_path / "new")
        assert found.difference.splitlines() == ["c.txt: is new", "2 of 3 members differ"]
        found = compare(tmp_path / "old", tmp_path / "new", Tolerance(atol=1, ignore=("c.*",)))
        assert found.verdict == "within tolerance"

    def test_links_are_not_followed(self, tmp_path: Path) -> None:
        for name, target in (("old", "/etc/passwd"), ("new", "/etc/hostname")):
            (tmp_path / name).mkdir()
            (tmp_path / name / "link").symlink_to(target)
        found = compare(tmp_path / "old", tmp_path / "new")
        assert found.difference == "link: a link to '/etc/passwd' → a link to '/etc/hostname'"

    def test_an_empty_folder_counts(self, tmp_path: Path) -> None:
        (tmp_path / "old/empty").mkdir(parents=True)
        (tmp_path / "new").mkdir()
        assert compare(tmp_path / "old", tmp_path / "new").difference == "empty: is gone"
