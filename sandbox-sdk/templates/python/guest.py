"""A guest in Python: classes of HbA1c for people whose disease code begins with E11. Change it into yours, with guest.toml.

    pip install -r requirements.txt && python build.py guest.py
    visiting guest trim target/guest.wasm guest.wasm && visiting guest check guest.wasm --manifest guest.toml
"""


def f(hba1c: float, icd10: str) -> str:
    """One row. The arguments are those of the manifest, the result is one of its labels."""
    if not icd10.startswith("E11"):
        return "not_diabetic"
    if hba1c < 7.0:
        return "good"
    return "fair" if hba1c < 8.0 else "poor"
