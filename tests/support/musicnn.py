"""The published MusiCNN: the TensorFlow 1 graph that was saved beside the numbers, run as it stands."""

import tempfile
import zipfile
from pathlib import Path

import tensorflow as tf

from classifier.arrays import FloatArray

_FILES = {".meta": "network.meta", ".index": "network.index", ".data-00000-of-00001": "network.data-00000-of-00001"}
_LOGARITHMS, _IS_TRAINING, _TAGS = "model/Placeholder:0", "model/Placeholder_2:0", "model/Sigmoid:0"


def published_tags(wheel: Path, name: str, logarithms: FloatArray) -> FloatArray:
    """What the published graph answers to logarithms (n, 187, 96): tags (n, 50) from 0 to 1."""
    v1 = tf.compat.v1
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            for suffix, target in _FILES.items():
                (Path(folder) / target).write_bytes(archive.read(f"musicnn/{name}/{suffix}"))
        meta = v1.MetaGraphDef.FromString((Path(folder) / "network.meta").read_bytes())
        saver = meta.saver_def
        # What trained it is left out: today's TensorFlow does not accept the shapes noted in there.
        wanted = [_TAGS.partition(":")[0], saver.restore_op_name]
        graph_def = v1.graph_util.extract_sub_graph(meta.graph_def, wanted)
        for node in graph_def.node:
            node.attr.pop("_output_shapes", None)
            if "seed" in node.attr:  # of dropout, which does not run: deterministic TensorFlow wants it all the same
                node.attr["seed"].i = 1
        with tf.Graph().as_default(), v1.Session() as session:
            tf.import_graph_def(graph_def, name="")
            session.run(saver.restore_op_name, {saver.filename_tensor_name: str(Path(folder) / "network")})
            answer: FloatArray = session.run(_TAGS, {_LOGARITHMS: logarithms, _IS_TRAINING: False})
    return answer
