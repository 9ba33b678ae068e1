"""Writes packages/trainer/test/fixtures/metrics.json: what scikit-learn says of made-up predictions.

Run in a virtual environment outside the repository: pip install scikit-learn==1.9.1 scipy==1.17.1
python tools/oracle/metrics_oracle.py
"""
import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.stats import bootstrap
from sklearn import metrics as m
from sklearn.calibration import calibration_curve

OUT = Path(__file__).parents[2] / "packages/trainer/test/fixtures/metrics.json"


def prf(truth, predicted, average):
    p, r, f, s = m.precision_recall_fscore_support(truth, predicted, average=average, zero_division=0)
    if average is not None:
        return {"precision": p, "recall": r, "f1": f}
    return [{"precision": a, "recall": b, "f1": c, "support": int(d)} for a, b, c, d in zip(p, r, f, s)]


def calibration(truth, probs, bins):
    confidence = probs.max(1)
    right = (probs.argmax(1) == truth).astype(int)
    share, mean = calibration_curve(right, confidence, n_bins=bins)
    counts = np.histogram(confidence, bins=bins, range=(0, 1))[0]
    filled = counts[counts > 0]
    return {"confidence": mean.tolist(), "accuracy": share.tolist(), "counts": counts.tolist(),
            "error": float(np.sum(filled / len(truth) * np.abs(share - mean)))}


def case(name, truth, probs):
    predicted = probs.argmax(1)
    classes = probs.shape[1]
    onehot = np.eye(classes)[truth]
    out = {
        "name": name, "truth": truth.tolist(), "probabilities": probs.tolist(), "predicted": predicted.tolist(),
        "confusion": m.confusion_matrix(truth, predicted, labels=range(classes)).tolist(),
        "accuracy": m.accuracy_score(truth, predicted),
        "perClass": prf(truth, predicted, None),
        "macro": prf(truth, predicted, "macro"), "micro": prf(truth, predicted, "micro"),
        "mcc": m.matthews_corrcoef(truth, predicted),
        "logLoss": m.log_loss(truth, probs, labels=range(classes)),
        "macroRocAuc": m.roc_auc_score(onehot, probs, average="macro"),
        "macroAveragePrecision": m.average_precision_score(onehot, probs, average="macro"),
        "calibration": calibration(truth, probs, 10),
        "perplexity": float(np.exp(m.log_loss(truth, probs, labels=range(classes)))),
    }
    if classes == 2:
        out["rocAuc"] = m.roc_auc_score(truth, probs[:, 1])
        out["averagePrecision"] = m.average_precision_score(truth, probs[:, 1])
    right = (predicted == truth).astype(float)
    ci = bootstrap((right,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1))
    out["accuracyInterval"] = {"low": ci.confidence_interval.low, "high": ci.confidence_interval.high}
    return out


def draw(rng, n, classes, skill, weights=None):
    truth = rng.choice(classes, n, p=weights)
    logits = rng.normal(size=(n, classes)) + skill * np.eye(classes)[truth]
    probs = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return truth, probs


rng = np.random.default_rng(20)
binary = draw(rng, 120, 2, 1.5)
skewed_truth, skewed = draw(rng, 150, 2, 1.0, [0.9, 0.1])
ties = np.round(skewed[:, 1] * 5) / 5 + 0.01  # many equal scores, none exactly a half or on the edge of a bin
ties = np.clip(ties, 0.01, 0.99)
many_truth, many = draw(rng, 150, 4, 1.2)
many[:, 3] *= 1e-3  # never predicted
many /= many.sum(1, keepdims=True)
certain = np.eye(2)[np.array([0, 1, 1, 0, 1, 0])]

cases = [
    case("two classes", *binary),
    case("few positives, many ties", skewed_truth, np.stack([1 - ties, ties], 1)),
    case("four classes, one never predicted", many_truth, many),
    case("certain, once wrong", np.array([0, 1, 1, 0, 1, 1]), certain),
]
OUT.parent.mkdir(parents=True, exist_ok=True)
versions = {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__}
OUT.write_text(json.dumps({"writtenBy": "tools/oracle/metrics_oracle.py", "versions": versions, "cases": cases}) + "\n")
