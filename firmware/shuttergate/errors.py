"""What can go wrong, one class a kind; every message names the thing, the cause and the mend."""


class ShuttergateError(Exception):
    """Base of every error this package raises on purpose."""


class ConfigError(ShuttergateError, ValueError):
    """A configuration, board or manifest file says something that cannot be."""


class PackError(ShuttergateError, ValueError):
    """A model pack is not what its model.toml says it is."""


class UnfitError(PackError):
    """The accelerator's library was built for another runtime than the one that is here."""


class ScoreError(ShuttergateError, ArithmeticError):
    """A model gave no usable score: its picture counts as not cleared."""


class CameraError(ShuttergateError, OSError):
    """No frame came, or what came is not a frame."""


class PanelError(ShuttergateError, OSError):
    """The pins cannot be had: no chip, no permission, or another program holds one."""


class AcceleratorError(ScoreError):
    """The accelerator gave no answer: it is absent, failing, hanging or gone."""


class PictureError(ShuttergateError, ValueError):
    """A file cannot be read as a picture."""


class CameraLost(ShuttergateError, RuntimeError):
    """A camera stayed away for so long that another process is to try."""


class AlbumError(ShuttergateError, OSError):
    """The album cannot take a photo or a video."""


class EncoderError(ShuttergateError, OSError):
    """Pictures cannot be encoded as video here."""


class TooLargeError(PictureError):
    """A picture has more pixels than can be borne here."""


class AnimationError(PictureError):
    """An animation has more pictures than are looked at."""


class JudgeError(ShuttergateError, RuntimeError):
    """The page can have no picture judged just now."""


class Busy(JudgeError):
    """Enough pictures wait to be judged already."""
