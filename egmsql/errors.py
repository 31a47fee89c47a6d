"""The errors a user can meet: one line each, ``<where>: <what is wrong>; <what to do>``."""


class EgmsqlError(Exception):
    """An error whose message is complete: the command line prints it and exits with 1."""

    def __init__(self, where, wrong, advice):
        self.where, self.wrong, self.advice = str(where), str(wrong), str(advice)
        super().__init__(f"{self.where}: {self.wrong}; {self.advice}")


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
