// What matrix products read in a set that has no narrower type for it: Act is float, and an operand is one element of k.

using Act = float;
using P = V;
constexpr int kPair = 1;             // elements of k to an operand
constexpr bool kSevenDigits = true;  // what is stored deserves an exponential to the last digit

ISOFLOP_INLINE V multiply_add(P x, P y, V sum) {
  return fma(x, y, sum);
}
ISOFLOP_INLINE P no_operands() {
  return zero();
}
ISOFLOP_INLINE P operand_of_ones() {
  return all(1.0f);
}
ISOFLOP_INLINE P operand_of_all(const Act* p) {
  return all(*p);
}
ISOFLOP_INLINE P operand_of_one(const Act* p) {
  return all(*p);
}
ISOFLOP_INLINE P load_operands(const Act* p) {
  return load(p);
}
ISOFLOP_INLINE void store_operands(Act* p, P x) {
  store(p, x);
}
ISOFLOP_INLINE P operands_along(const float* p, std::int64_t count) {
  return load(p, first(count));
}
ISOFLOP_INLINE P operands_across(const float* p, const float*, Mask m) {
  return load(p, m);
}
