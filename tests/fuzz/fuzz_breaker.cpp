// SPDX-License-Identifier: Apache-2.0
// A circuit breaker's expression. What is taken reads back from its canonical text as the same; a
// mistake lies within the text.
#include <cstdlib>
#include <string_view>

#include "contract/breaker_expression.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace smic::contract;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto expression = BreakerExpression::parse(text);
  if (!expression) {
    const BreakerMistake& mistake = expression.error();
    if (mistake.offset + mistake.length > size || mistake.message.empty()) std::abort();
    return 0;
  }
  const auto again = BreakerExpression::parse(to_string(*expression));
  if (!again || *again != *expression) std::abort();
  const auto held = [](const Test& test, std::size_t i) { return (test.threshold + i) % 2 == 0; };
  if (expression->evaluate(held) != again->evaluate(held)) std::abort();
  return 0;
}
