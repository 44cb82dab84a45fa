"""The LiteRT export of a whole classifier.

TensorFlow's converter can keep constants in half precision, or make bytes of what is marked in steps, but not both at
once. So the front ends that compute with bytes are converted apart, and the two flatbuffers are joined.
"""

import contextlib
import io
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils

from classifier.description import BACKBONES, MUSICNN
from classifier.model import FRONT_ENDS, HEAD
from training.models.backbone import split
from training.models.quantised import marked


def to_litert(model: keras.Model) -> bytes:
    """A whole model as a LiteRT flatbuffer: a signature `head` (a free number of rows), and one for each backbone (one
    spectrogram). Constants have half precision, which weights were rounded to before anything was measured.

    MusiCNN has two: `musicnn_front_ends`, which compute with bytes, and `musicnn`, which reads what those answer.
    """
    head = model.get_layer(HEAD)
    run_head = _with_constants(head)
    row = tf.TensorSpec((None, head.input_shape[-1]), tf.float32, name="row")
    functions = {HEAD: tf.function(lambda row: dict(run_head(row)), input_signature=[row])}
    in_steps = {}
    for backbone in (layer for layer in model.layers if layer.name in BACKBONES):
        if backbone.name == MUSICNN:
            fronts, rest = split(backbone)
            in_steps[FRONT_ENDS] = _front_end_function(fronts)
            functions[MUSICNN] = _rest_function(rest)
        else:
            functions[backbone.name] = _embedding_function(backbone)
    converted = _converted(functions, [tf.float16])
    return _joined(converted, _converted(in_steps, [])) if in_steps else converted


def _converted(functions: Mapping[str, Any], supported_types: list[tf.DType]) -> bytes:
    concrete = {name: function.get_concrete_function() for name, function in functions.items()}
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        tf.saved_model.save(tf.Module(), folder, signatures=concrete)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(concrete))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = supported_types
        return bytes(converter.convert())


def _joined(first: bytes, second: bytes) -> bytes:
    """One flatbuffer with the signatures of both: places in lists of the second move behind those of the first."""
    whole, more = (flatbuffer_utils.convert_bytearray_to_object(bytearray(each)) for each in (first, second))
    for subgraph in more.subgraphs:
        for tensor in subgraph.tensors:
            tensor.buffer += len(whole.buffers)
        for operator in subgraph.operators:
            operator.opcodeIndex += len(whole.operatorCodes)
    for signature in more.signatureDefs:
        signature.subgraphIndex += len(whole.subgraphs)
    whole.buffers += more.buffers
    whole.operatorCodes += more.operatorCodes
    whole.subgraphs += more.subgraphs
    whole.signatureDefs += more.signatureDefs
    return bytes(flatbuffer_utils.convert_object_to_bytearray(whole))


def _front_end_function(fronts: list[keras.Model]) -> Any:
    mel = tf.TensorSpec((1, *fronts[0].input_shape[1:]), tf.float32, name="mel")
    return tf.function(
        lambda mel: {f"steps{place}": marked(front, mel) for place, front in enumerate(fronts)}, input_signature=[mel]
    )


def _rest_function(rest: keras.Model) -> Any:
    finish = _with_constants(rest)
    specs = [
        tf.TensorSpec((1, *shape[1:]), tf.float32, name=f"steps{place}") for place, shape in enumerate(rest.input_shape)
    ]
    return tf.function(lambda *steps: {"embedding": finish(list(steps))}, input_signature=specs)


def _embedding_function(backbone: keras.Model) -> Any:
    embed = _with_constants(backbone)
    mel = tf.TensorSpec((1, *backbone.input_shape[1:]), tf.float32, name="mel")
    return tf.function(lambda mel: {"embedding": embed(mel)}, input_signature=[mel])


def _with_constants(model: keras.Model) -> Callable[[Any], Any]:
    """A model with its weights as constants: the converter loses variables where there are several signatures."""
    trained = [variable.numpy() for variable in model.trainable_variables]
    fixed = [variable.numpy() for variable in model.non_trainable_variables]

    def answer(values: Any) -> Any:
        outputs, _ = model.stateless_call(trained, fixed, values, training=False)
        return outputs

    return answer
