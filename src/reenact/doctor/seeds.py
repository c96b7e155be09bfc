"""Which calls draw at random, and which make that repeatable: what is known of the libraries. Pure."""

from __future__ import annotations

from reenact.doctor.modules import list_names

SEEDING = {
    "random.seed": ("random",),
    "numpy.random.seed": ("numpy",),
    "numpy.random.set_state": ("numpy",),
    "torch.manual_seed": ("torch",),
    "torch.random.manual_seed": ("torch",),
    "torch.set_rng_state": ("torch",),
    "tensorflow.random.set_seed": ("tensorflow",),
    "tensorflow.set_random_seed": ("tensorflow",),
    "tensorflow.compat.v1.set_random_seed": ("tensorflow",),
    "tensorflow.keras.utils.set_random_seed": ("random", "numpy", "tensorflow"),
    "keras.utils.set_random_seed": ("random", "numpy", "tensorflow", "torch"),
    "transformers.set_seed": ("random", "numpy", "torch", "tensorflow"),
    "transformers.enable_full_determinism": ("random", "numpy", "torch", "tensorflow"),
    # These seed by themselves, with 42.
    "transformers.Trainer": ("random", "numpy", "torch"),
    "transformers.Seq2SeqTrainer": ("random", "numpy", "torch"),
    "accelerate.utils.set_seed": ("random", "numpy", "torch"),
}
"""What each call seeds."""

SEEDING_ENDS = {
    "seed_everything": ("random", "numpy", "torch"),
    "set_global_seed": ("random", "numpy", "torch", "tensorflow"),
    "set_all_seeds": ("random", "numpy", "torch", "tensorflow"),
    "set_random_seeds": ("random", "numpy", "torch", "tensorflow"),
    "fix_seed": ("random", "numpy", "torch", "tensorflow"),
    "set_seed": ("random", "numpy", "torch", "tensorflow"),
}
"""The same by the last part of the name, for functions that come from a package that is not here to be read."""

RANDOM = list_names(
    """
    random randint randrange choice choices shuffle sample uniform gauss normalvariate triangular
    betavariate expovariate getrandbits lognormvariate
    """
)
"""Functions of the module ``random``."""

NUMPY = list_names(
    """
    rand randn randint random random_sample random_integers choice shuffle permutation normal uniform
    beta binomial exponential gamma geometric laplace logistic lognormal multinomial multivariate_normal
    poisson standard_normal ranf sample bytes dirichlet weibull zipf
    """
)
"""Functions of ``numpy.random`` that draw from its global state."""

TORCH = list_names(
    """
    rand randn randint randperm rand_like randn_like randint_like multinomial bernoulli normal
    """
)
"""Functions of ``torch`` that draw from its global state."""

TENSORFLOW = list_names(
    """
    uniform normal truncated_normal gamma poisson shuffle categorical
    """
)
"""Functions of ``tensorflow.random``."""

LAYERS = list_names(
    """
    Linear Conv1d Conv2d Conv3d LSTM GRU RNN Embedding Transformer TransformerEncoder
    TransformerEncoderLayer MultiheadAttention Dense Conv1D Conv2D Conv3D SimpleRNN LSTMCell GRUCell
    ConvTranspose2d Bilinear
    """
)
"""Layers that begin with weights drawn at random."""

ESTIMATORS = list_names(
    """
    RandomForestClassifier RandomForestRegressor ExtraTreesClassifier ExtraTreesRegressor
    GradientBoostingClassifier GradientBoostingRegressor DecisionTreeClassifier DecisionTreeRegressor
    ExtraTreeClassifier ExtraTreeRegressor AdaBoostClassifier AdaBoostRegressor BaggingClassifier
    BaggingRegressor IsolationForest RandomTreesEmbedding MLPClassifier MLPRegressor SGDClassifier
    SGDRegressor Perceptron PassiveAggressiveClassifier PassiveAggressiveRegressor KMeans
    MiniBatchKMeans BisectingKMeans SpectralClustering GaussianMixture BayesianGaussianMixture
    LatentDirichletAllocation FastICA TruncatedSVD DictionaryLearning TSNE MDS RandomizedSearchCV
    HalvingRandomSearchCV HalvingGridSearchCV ShuffleSplit StratifiedShuffleSplit GroupShuffleSplit
    RepeatedKFold RepeatedStratifiedKFold ParameterSampler permutation_importance shuffle resample
    make_classification make_regression make_blobs make_moons make_circles make_friedman1 make_s_curve
    make_swiss_roll RBFSampler Nystroem GaussianRandomProjection SparseRandomProjection BernoulliRBM
    """
)
"""Names of scikit-learn whose result depends on ``random_state`` as they are."""

ENSEMBLES = list_names(
    """
    AdaBoostClassifier AdaBoostRegressor BaggingClassifier BaggingRegressor BalancedBaggingClassifier
    EasyEnsembleClassifier RUSBoostClassifier IterativeImputer
    """
)
"""Estimators that seed those that they are given."""

ONLY_WITH: dict[str, tuple[str, frozenset[object]]] = {
    "KFold": ("shuffle", frozenset((True,))),
    "StratifiedKFold": ("shuffle", frozenset((True,))),
    "StratifiedGroupKFold": ("shuffle", frozenset((True,))),
    "LogisticRegression": ("solver", frozenset(("sag", "saga", "liblinear"))),
    "Ridge": ("solver", frozenset(("sag", "saga"))),
    "RidgeClassifier": ("solver", frozenset(("sag", "saga"))),
    "Lasso": ("selection", frozenset(("random",))),
    "ElasticNet": ("selection", frozenset(("random",))),
    "ElasticNetCV": ("selection", frozenset(("random",))),
    "LassoCV": ("selection", frozenset(("random",))),
    "SVC": ("probability", frozenset((True,))),
    "NuSVC": ("probability", frozenset((True,))),
    "PCA": ("svd_solver", frozenset(("randomized", "arpack"))),
    "HistGradientBoostingClassifier": ("early_stopping", frozenset((True,))),
    "HistGradientBoostingRegressor": ("early_stopping", frozenset((True,))),
}
"""Names whose result depends on ``random_state`` only where an argument has one of these values."""

OTHERS = {
    "imblearn.over_sampling.SMOTE": "random_state",
    "imblearn.over_sampling.ADASYN": "random_state",
    "imblearn.over_sampling.RandomOverSampler": "random_state",
    "imblearn.under_sampling.RandomUnderSampler": "random_state",
    "umap.UMAP": "random_state",
    "optuna.samplers.TPESampler": "seed",
    "optuna.samplers.RandomSampler": "seed",
    "optuna.create_study": "sampler",
    "hyperopt.fmin": "rstate",
}
"""Other calls that draw at random until this argument is given."""

GENERATORS = ("numpy.random.default_rng", "numpy.random.RandomState", "random.Random", "numpy.random.SeedSequence")
"""What draws from a state of its own, at random where it is given no seed."""

CLOCKS = (
    "time.time",
    "time.time_ns",
    "time.perf_counter",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "os.getpid",
    "os.urandom",
    "uuid.uuid4",
    "random.SystemRandom",
)
"""Calls that say something else every time."""
