// The set's table, filled from simd/*.inl.

constexpr Table<float, Act> make_table(const char* name) {
  Table<float, Act> t;
  t.name = name;
  t.packed_size = packed_size;
  t.pack_forward = pack_forward;
  t.pack_backward = pack_backward;
  t.matmul = matmul;
  t.outer_scratch = outer_scratch;
  t.outer = outer;
  t.layernorm = layernorm;
  t.layernorm_backward = layernorm_backward;
  t.gelu = gelu;
  t.gelu_backward = gelu_backward;
  t.attention_saved = attention_saved;
  t.attention_scratch = attention_scratch;
  t.attention = attention;
  t.attention_backward = attention_backward;
  t.dropout = dropout;
  t.cross_entropy = cross_entropy;
  t.add = add;
  t.sum = sum;
  t.sum_squares = sum_squares;
  t.adamw = adamw;
  return t;
}
