// sum + x w, the one step that products are made of. Included once per instruction-set namespace, inside it, before products-inl.h.

template <class V>
HWY_INLINE V multiply_add(V x, V w, V sum) {
  return hn::MulAdd(x, w, sum);
}

// Both products of each pair. A processor's own unit rounds twice and takes numbers below the smallest normal one as zero; taken apart, the earlier
// product comes first.
template <class Words, class V>
HWY_INLINE V multiply_add(Words x, Words w, V sum) {
#if defined(APICAL_BFLOAT16_UNIT)
  return V{_mm512_dpbf16_ps(sum.raw, reinterpret_cast<__m512bh>(x.raw), reinterpret_cast<__m512bh>(w.raw))};
#else
  const hn::DFromV<V> d;
  const auto upper = hn::Set(hn::DFromV<Words>(), 0xFFFF0000u);
  sum = hn::MulAdd(hn::BitCast(d, hn::ShiftLeft<16>(x)), hn::BitCast(d, hn::ShiftLeft<16>(w)), sum);
  return hn::MulAdd(hn::BitCast(d, hn::And(x, upper)), hn::BitCast(d, hn::And(w, upper)), sum);
#endif
}
