"""Two machine instructions that numba has no public word for."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic
def load_eight(typing_context, text, at):
    """Return the eight bytes of an uint8 array from `at` on as one uint64."""

    def generate(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        start = builder.gep(array.data, [arguments[1]])
        word = builder.load(builder.bitcast(start, ir.PointerType(ir.IntType(64))))
        word.align = 1
        return word

    return types.uint64(text, types.intp), generate


@intrinsic
def trailing_zeros(typing_context, word):
    """Return how many of the lowest bits of an uint64 are zero; 64 for zero itself."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate
