"""Where in time a layer's frames lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Timing:
    """In samples of the model's input: frame i is centred at `first_centre + i * stride` and sees `field` samples."""

    sampling_rate: int
    stride: int = 1
    field: int = 1
    first_centre: float = 0.0

    def then(self, kernel: int, stride: int = 1, *, left: int = 0, dilation: int = 1) -> Timing:
        """The same behind a convolution, with `left` frames of padding before its input."""
        span = (kernel - 1) * dilation + 1
        return replace(
            self, stride=self.stride * stride, field=self.field + (span - 1) * self.stride,
            first_centre=self.first_centre + ((span - 1) / 2 - left) * self.stride)

    def behind(self, kernels: Iterable[int], strides: Iterable[int]) -> list[Timing]:
        """The timing behind each of a row of unpadded convolutions."""
        timing, all_timings = self, []
        for kernel, stride in zip(kernels, strides, strict=True):
            timing = timing.then(kernel, stride)
            all_timings.append(timing)
        return all_timings

    @property
    def words(self) -> str:
        """As it stands in a file's metadata."""
        return (f"sampling_rate={self.sampling_rate} stride_samples={self.stride} "
                f"receptive_field_samples={self.field} first_centre_sample={float(self.first_centre)}")

    def frames(self, samples: int) -> int:
        """Of so many samples, without padding."""
        return max(0, (samples - self.field) // self.stride + 1)

    @property
    def sentence(self) -> str:
        """For people."""
        return (f"hop {1000 * self.stride / self.sampling_rate:g} ms, "
                f"first centre {1000 * self.first_centre / self.sampling_rate:g} ms")
