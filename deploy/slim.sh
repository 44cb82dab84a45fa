#!/bin/sh
# Makes an installation smaller: takes out of a virtual environment what a running bot never opens, compiles what it does,
# and sees that it still answers. Usage: slim.sh FOLDER
set -eu
environment=$1
packages=$(echo "$environment"/lib/python3.*/site-packages)

# Tests of libraries, sources and headers of their native parts, other languages' names of days and months.
find "$packages" -type d -name tests -prune -exec rm -rf {} +
find "$packages" -type f \( -name '*.h' -o -name '*.pxd' -o -name '*.pyx' -o -name '*.a' -o -name '*.dll' -o -name '*.hpp' -o -name '*.cu' \) -delete
find "$packages/babel/locale-data" -name '*.dat' ! -name 'root.dat' ! -name 'en*.dat' ! -name 'es*.dat' ! -name 'pt*.dat' -delete

# LiteRT for other processors than this one, and the network of MODEL_RUNTIME=keras, which needs TensorFlow.
rm -rf "$packages"/ai_edge_litert/*WebGpu*.so "$packages/ai_edge_litert/vendors" "$packages/ai_edge_litert/tools" \
    "$packages/ai_edge_litert/aot" "$packages"/classifier/bundles/*/model.keras

# librosa needs Numba, scikit-learn and most of SciPy for what is not called here (classifier/lean_librosa.py); matplotlib
# of fontTools the names of glyphs, and no other fonts and pictures than those of PNG.
rm -rf "$packages/numba" "$packages/llvmlite" "$packages/sklearn" "$packages/scikit_learn.libs" "$packages/narwhals"
for part in cluster datasets differentiate fftpack integrate interpolate io misc ndimage odr optimize signal spatial stats; do
    rm -rf "$packages/scipy/$part"
done
find "$packages/fontTools" -mindepth 1 -maxdepth 1 -type d ! -name misc ! -name __pycache__ -exec rm -rf {} +
find "$packages/matplotlib/mpl-data/fonts/ttf" -name '*.ttf' ! -name 'DejaVuSans.ttf' ! -name 'DejaVuSans-*.ttf' ! -name 'LastResort*' -delete
rm -rf "$packages/matplotlib/mpl-data/sample_data" "$packages/matplotlib/mpl-data/images" \
    "$packages/matplotlib/mpl-data/fonts/afm" "$packages/matplotlib/mpl-data/fonts/pdfcorefonts"

# Pictures of a kind that nobody makes here, databases that are none of ours, graphics cards.
rm -rf "$packages"/PIL/_avif*.so "$packages"/pillow.libs/libavif* "$packages"/sqlalchemy/dialects/mssql \
    "$packages"/sqlalchemy/dialects/mysql "$packages"/sqlalchemy/dialects/oracle

# Names for a debugger. Libraries that were put beside a package (*.libs) would not load any more.
find "$packages" -type f -name '*.so' ! -path '*.libs/*' -exec strip --strip-unneeded {} +
"$environment/bin/python" -m pip uninstall --quiet --yes setuptools pip

# From here on it has to run. Python keeps what it compiles of what is imported.
"$environment/bin/python" - <<'END'
import importlib
import contextlib

from classifier.process import set_up_process

set_up_process()

import bot.app, bot.adapters.discord.adapter, bot.adapters.telegram.adapter, bot.executors.processes, bot.executors.worker
from bot.jobs import ClipJob, ModelChoice, TallyJob, load_classifier, run_job
from classifier.warmup import warm_up

with contextlib.suppress(ImportError):  # the extra `cluster`
    importlib.import_module("bot.executors.cluster")
    importlib.import_module("distributed.cli.dask_worker")
    importlib.import_module("distributed.cli.dask_scheduler")
from importlib.resources import files

warm_up()
sample = files("bot.adapters.web").joinpath("static/sample.mp3").read_bytes()
for name in ("default", "reference"):
    classifier = load_classifier(ModelChoice(name, None, "litert"))
    for job in (ClipJob(sample, 5.0), ClipJob(sample, None), TallyJob({"techno": 1})):
        print(name, type(run_job(classifier, job)).__name__)
END
