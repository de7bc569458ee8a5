"""Writes the files beside this one, with h5py: arrays of each type, attributes, and what must be refused."""
import pathlib
import h5py
import numpy as np

here = pathlib.Path(__file__).parent
# Exact in float16, so that every type holds the same numbers.
values = (np.arange(12).reshape(4, 3) - 5) / 8

with h5py.File(here / "good.h5", "w", track_order=False) as file:
    for kind in ("f2", "f4", "f8"):
        file.create_dataset(f"a/b/{kind}", data=values.astype(f"<{kind}"))
    file.create_dataset("big_endian", data=values.astype(">f4"))
    file.create_dataset("packed", data=np.tile(values, (64, 1)).astype("<f4"), chunks=(16, 3),
                        compression="gzip", shuffle=True, fletcher32=True)
    file.create_dataset("whole", data=np.arange(6, dtype="<i4").reshape(2, 3))
    file.create_dataset("empty", data=np.zeros((0, 3), "<f4"))
    file.create_dataset("ünïcode/ключ", data=values.astype("<f4"))
    file.attrs["variable"] = "hübert"
    file.attrs["fixed"] = np.bytes_("base")
    file.attrs["rate"] = 16000
    file.attrs["hop"] = np.float32(0.5)
    file.attrs["list"] = [1, 2, 3]
    file["a/b/f4"].attrs["layer"] = "3"
    file["again"] = file["a/b/f4"]  # a second name of one array
    file["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/x")

with h5py.File(here / "odd.h5", "w") as file:
    file.create_dataset("words", data=["a", "b"])
    file.create_dataset("complex", data=np.zeros(3, "c8"))
    file.create_dataset("outside", shape=(4,), dtype="<f4", external=[("/etc/passwd", 0, 16)])
    layout = h5py.VirtualLayout(shape=(4,), dtype="<f4")
    layout[:] = h5py.VirtualSource("good.h5", "packed", shape=(4,))
    file.create_virtual_dataset("virtual", layout)
    file.create_dataset("bomb", shape=(1 << 28,), chunks=(1 << 20,), dtype="<f4", compression="gzip")
    file["bomb"][0] = 1
    file.create_dataset("huge", shape=(1 << 40, 1 << 20), chunks=(1, 1 << 10), dtype="<f4")
    file.create_dataset("unwritten", shape=(1 << 20,), dtype="<f4")
