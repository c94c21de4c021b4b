"""Writes the .npy and .npz fixtures of this folder with NumPy, the format's own implementation."""
import numpy as np

x = np.arange(6, dtype=np.float32).reshape(2, 3) + np.float32(0.5)
np.save("float32.npy", x)
np.save("float64_big_endian.npy", x.astype(">f8"))
np.save("uint8_images.npy", np.arange(12, dtype=np.uint8).reshape(3, 2, 2))
np.save("int64.npy", np.array([-1, 0, 2**40], dtype=np.int64))
np.save("bool.npy", np.array([True, False, True]))
np.save("fortran.npy", np.asfortranarray(x))
np.save("complex.npy", np.array([1 + 2j]))
with open("version2.npy", "wb") as file:
    np.lib.format.write_array(file, x, version=(2, 0))
parts = dict(x=np.arange(20, dtype=np.float32).reshape(10, 2), y=np.arange(10) % 3)
np.savez("stored.npz", **parts)
np.savez_compressed("deflated.npz", **parts, x_test=np.ones((4, 2), np.float32), y_test=np.array([3, 0, 1, 2]))
np.savez("regression.npz", x=parts["x"], y=parts["x"] * 0.5)
