"""The numbers that plane_and_density_test.cc compares with: NumPy's SVD and SciPy's gaussian_kde. Prints them; the test holds them."""
import numpy as np
from scipy.stats import gaussian_kde

i = np.arange(20.0)
cloud = np.stack([np.sin(i), 0.5 * np.cos(1.7 * i) + 0.3 * np.sin(i), 0.1 * np.sin(2.3 * i)], 1)
centred = cloud - cloud.mean(0)
u, s, vt = np.linalg.svd(centred, full_matrices=False)
axes = vt[:2] * np.sign(vt[:2][np.arange(2), np.abs(vt[:2]).argmax(1)])[:, None]
print("axes", axes.ravel().tolist())
print("share", (s[:2] ** 2 / (s**2).sum()).tolist())
print("last point", (axes @ centred[-1]).tolist())

kde = gaussian_kde(cloud[:, :2].T, bw_method="scott")
places = np.array([[0.0, 0.0], [0.9, -0.2], [-2.0, 1.5]])
print("density", kde(places.T).tolist())
