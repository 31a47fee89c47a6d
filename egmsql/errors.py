"""The errors a user can meet: one line each, ``<where>: <what is wrong>; <what to do>``."""

import re


class EgmsqlError(Exception):
    """An error whose message is complete: the command line prints it and exits with 1."""

    def __init__(self, where, wrong, advice):
        self.where, self.wrong, self.advice = str(where), str(wrong), str(advice)
        super().__init__(f"{self.where}: {self.wrong}; {self.advice}")

    def __reduce__(self):
        return type(self), (self.where, self.wrong, self.advice)


class SourceError(EgmsqlError):
    """A delivered file that is not what EGMS delivers; nothing of it enters the lake."""


class ModelError(EgmsqlError):
    """A model file that breaks a rule of `sql/`, found before anything runs."""


class AuditError(EgmsqlError):
    """Rows that break a rule of `sql/audits/`; the state before them stays."""


class LakeError(EgmsqlError):
    """A lake that is missing, in use, damaged or of another version."""


class SettingError(EgmsqlError):
    """An argument or setting that cannot be used as it is."""


def unwritten(where, error):
    """Return the LakeError that says why something could not be written, in one line."""
    text = " ".join(str(error).split())
    full = ("No space left", "max_temp_directory_size", "File too large", "Disk quota exceeded")
    if any(words in text for words in full):
        return LakeError(
            where, "the disk is full", "free some space and run again; what was finished is kept"
        )
    if "OutOfMemory" in type(error).__name__:
        advice = "allow more with --memory, such as --memory 4GiB; what was finished is kept"
        return LakeError(where, "the memory allowed does not suffice", advice)
    if "HTTPException" in type(error).__name__:
        status = re.search(r"HTTP (\d{3})|Could not (connect|establish)", text)
        wrong = f"the lake's storage does not give it ({status[0] if status else text[:200]})"
        advice = "check the credentials and the endpoint, and run again; what was finished is kept"
        return LakeError(where, wrong, advice)
    reason = getattr(error, "strerror", None) or text[:300]
    return LakeError(where, f"cannot be written ({reason})", "check the lake's folder and its permissions")
