"""Writes apps/benchmark/test/fixtures/baselines.json: scikit-learn's TF-IDF, logistic regression and NB-SVM on small texts.

Run in a virtual environment outside the repository: pip install scikit-learn==1.9.1
python tools/oracle/baselines_oracle.py
"""
import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

OUT = Path(__file__).parents[2] / "apps/benchmark/test/fixtures/baselines.json"
ODD = ["Größe & naïve café!", "don't stop: a b cc 42 x_y", "", "日本語 テスト mixed Ünïcode", "UPPER lower UPPER"]


def draw(rng, n, classes):
    """Documents of made-up words whose frequencies depend on the class."""
    words = [f"w{i}" for i in range(60)]
    base = rng.dirichlet(np.full(60, 0.4), size=classes) * 0.6 + 0.4 / 60
    y = rng.integers(classes, size=n)
    return [" ".join(rng.choice(words, rng.integers(3, 25), p=base[k])) for k in y], y


def tfidf():
    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)


def case(rng, classes, C):
    train, y = draw(rng, 60, classes)
    test, _ = draw(rng, 15, classes)
    vectors = tfidf()
    x = vectors.fit_transform(train)
    model = LogisticRegression(C=C, tol=1e-10, max_iter=10_000).fit(x, y)
    return {"train": train, "y": y.tolist(), "test": test, "C": C, "features": x.shape[1],
            "norms": np.asarray(abs(x[:5]).sum(1)).ravel().tolist(),
            "bias": model.intercept_.tolist(), "probabilities": model.predict_proba(vectors.transform(test)).tolist()}


def nb_svm(rng, alpha=1.0, beta=0.25, C=1.0):
    train, y = draw(rng, 60, 2)
    test, _ = draw(rng, 15, 2)
    counter = CountVectorizer(ngram_range=(1, 2), binary=True)
    f = counter.fit_transform(train)
    p, q = (alpha + np.asarray(f[y == k].sum(0)).ravel() for k in (1, 0))
    r = np.log((p / p.sum()) / (q / q.sum()))
    model = LogisticRegression(C=C, tol=1e-10, max_iter=10_000).fit(f.multiply(r).tocsr(), y)
    w = model.coef_[0]
    model.coef_ = ((1 - beta) * np.abs(w).mean() + beta * w)[None]
    scored = model.predict_proba(counter.transform(test).multiply(r).tocsr())
    return {"train": train, "y": y.tolist(), "test": test, "alpha": alpha, "beta": beta, "C": C, "probabilities": scored.tolist()}


rng = np.random.default_rng(4)
odd = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).build_analyzer()
fixture = {
    "writtenBy": "tools/oracle/baselines_oracle.py",
    "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
    "ngrams": [{"text": t, "ngrams": sorted(odd(t))} for t in ODD],
    "logistic": [case(rng, 2, 1.0), case(rng, 2, 100.0), case(rng, 4, 10.0)],
    "nbSvm": nb_svm(rng),
}
OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text(json.dumps(fixture, ensure_ascii=False) + "\n")
