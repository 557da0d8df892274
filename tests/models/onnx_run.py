"""A small executor of ONNX models in float64: the operators that umbel writes, as their specification
defines them, on numpy arrays."""
import math

import numpy
from onnx import numpy_helper

ERF = numpy.vectorize(math.erf, otypes=[float])


def attributes(node):
    return {a.name: list(a.ints) if a.type == a.INTS else a.f if a.type == a.FLOAT else a.i
            for a in node.attribute}


def windows(x, attribute, fill):
    """The windows of images x (N,C,H,W) behind padding with `fill`: (N,C,H',W',K,K)."""
    top, left, bottom, right = attribute["pads"]
    stride_y, stride_x = attribute["strides"]
    x = numpy.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)
    view = numpy.lib.stride_tricks.sliding_window_view(x, attribute["kernel_shape"], (2, 3))
    return view[:, :, ::stride_y, ::stride_x]


def conv(inputs, attribute):
    x, weight = inputs[:2]
    groups = attribute["group"]
    patches = windows(x, attribute, 0)
    each = [numpy.einsum("nchwij,ocij->nohw", p, w, optimize=True)
            for p, w in zip(numpy.split(patches, groups, 1), numpy.split(weight, groups, 0))]
    y = numpy.concatenate(each, 1)
    return y + inputs[2][:, None, None] if len(inputs) > 2 else y


def average_pool(inputs, attribute):
    assert attribute["count_include_pad"] == 0
    return numpy.nanmean(windows(inputs[0], attribute, numpy.nan), (4, 5))


def batch_norm(inputs, attribute):
    x, gain, bias, mean, variance = [inputs[0]] + [v[:, None, None] for v in inputs[1:]]
    return (x - mean) / numpy.sqrt(variance + attribute["epsilon"]) * gain + bias


def layer_norm(inputs, attribute):
    assert attribute["axis"] == -1
    x = inputs[0] - inputs[0].mean(-1, keepdims=True)
    y = x / numpy.sqrt((x * x).mean(-1, keepdims=True) + attribute["epsilon"]) * inputs[1]
    return y + inputs[2] if len(inputs) > 2 else y


def softmax(inputs, attribute):
    e = numpy.exp(inputs[0] - inputs[0].max(attribute["axis"], keepdims=True))
    return e / e.sum(attribute["axis"], keepdims=True)


def reduced(function):
    return lambda inputs, attribute: function(inputs[0], tuple(attribute["axes"]),
                                              bool(attribute.get("keepdims", 1)))


def slice_(inputs, _):
    x, begin, end, axes = inputs[:4]
    steps = inputs[4] if len(inputs) > 4 else [1] * len(axes)
    index = [slice(None)] * x.ndim
    for axis, b, e, s in zip(axes, begin, end, steps):
        index[axis] = slice(b, e, s)
    return x[tuple(index)]


def pad(inputs, _):
    x, pads = inputs
    return numpy.pad(x, list(zip(pads[:x.ndim], pads[x.ndim:])))


def reshape(inputs, _):
    x, shape = inputs
    return x.reshape([x.shape[i] if size == 0 else size for i, size in enumerate(shape)])


OPERATORS = {
    "Add": lambda i, _: i[0] + i[1],
    "AveragePool": average_pool,
    "BatchNormalization": batch_norm,
    "Cast": lambda i, a: i[0].astype({1: float}[a["to"]]),
    "Clip": lambda i, _: numpy.clip(*i),
    "Concat": lambda i, a: numpy.concatenate(i, a["axis"]),
    "Conv": conv,
    "Div": lambda i, _: i[0] / i[1],
    "Erf": lambda i, _: ERF(i[0]),
    "Expand": lambda i, _: i[0] * numpy.ones(i[1], i[0].dtype),
    "Identity": lambda i, _: i[0],
    "LayerNormalization": layer_norm,
    "MatMul": lambda i, _: i[0] @ i[1],
    "MaxPool": lambda i, a: windows(i[0], a, -numpy.inf).max((4, 5)),
    "Mul": lambda i, _: i[0] * i[1],
    "Pad": pad,
    "ReduceL2": reduced(lambda x, axes, keep: numpy.sqrt((x * x).sum(axes, keepdims=keep))),
    "ReduceMean": reduced(lambda x, axes, keep: x.mean(axes, keepdims=keep)),
    "Relu": lambda i, _: numpy.maximum(i[0], 0),
    "Reshape": reshape,
    "Shape": lambda i, a: numpy.array(i[0].shape[a["start"]:a["end"]]),
    "Sigmoid": lambda i, _: 1 / (1 + numpy.exp(-i[0])),
    "Slice": slice_,
    "Softmax": softmax,
    "Squeeze": lambda i, _: i[0].squeeze(tuple(i[1])),
    "Transpose": lambda i, a: i[0].transpose(a["perm"]),
    "Unsqueeze": lambda i, _: numpy.expand_dims(i[0], tuple(i[1])),
}


def run(model, images):
    """Outputs by name. `images`: what the model's only input takes, of its type."""
    values = {constant.name: numpy_helper.to_array(constant) for constant in model.graph.initializer}
    values = {name: value.astype(float) if value.dtype == numpy.float32 else value
              for name, value in values.items()}
    values[model.graph.input[0].name] = images
    for node in model.graph.node:
        inputs = [values[name] for name in node.input]
        if node.op_type == "Split":
            outputs = numpy.split(inputs[0], len(node.output), attributes(node)["axis"])
        else:
            outputs = [OPERATORS[node.op_type](inputs, attributes(node))]
        values.update(zip(node.output, outputs))
    return {output.name: values[output.name] for output in model.graph.output}
