import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from models import conversion, numpy_loops
from models.numpy_loops import EXP, LOG, LOOPS, run_loop

AWKWARD = [0.0, -0.0, 1.0, -1.0, 5e-324, 1e-308, 1.7e308, 709.9, -745.2, np.inf, -np.inf, np.nan]


def _run(loops: NDArray[np.int64], which: int, values: NDArray[np.float64]) -> None:
    run_loop(loops, which, values)


run: Callable[..., None] = njit()(_run)


@pytest.mark.parametrize(("which", "ufunc"), [(EXP, np.exp), (LOG, np.log)])
def test_compiled_code_gets_numpys_bits_for_any_number_of_values(which: int, ufunc: np.ufunc) -> None:
    random = np.random.default_rng(which)
    for count in range(200):
        values = np.append(random.normal(size=count) * 10.0 ** random.integers(-3, 3), AWKWARD)
        with np.errstate(all="ignore"):
            expected = ufunc(values)
        run(LOOPS, which, values)
        assert values.tobytes() == expected.tobytes()


def test_a_part_of_an_array_is_replaced_alone() -> None:
    values = np.full(20, 2.0)
    run(LOOPS, EXP, values[3:17])
    assert values.tolist() == [2.0] * 3 + [np.exp(2.0)] * 14 + [2.0] * 3


def test_what_numpy_hands_out_under_another_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy_loops, "_CAPSULE", b"numpy_9.99_ufunc_call_info")
    with pytest.raises(ValueError, match="incorrect name"):
        numpy_loops._open(numpy_loops._capsule(np.exp))


@pytest.mark.parametrize("kernel", [conversion.place, conversion.respond])
def test_another_file_of_loops_is_another_kernel_to_the_cache_on_disk(kernel: Any) -> None:
    text = Path(numpy_loops.__file__).read_bytes()
    assert inspect.getclosurevars(kernel.py_func).nonlocals == {"loops_file": crc32(text)}
