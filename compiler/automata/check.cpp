// SPDX-License-Identifier: Apache-2.0
#include "compiler/automata/automata.h"

namespace smic::automata {

std::optional<SyntaxError> mistake_in(std::string_view pattern, Anchor anchor) {
  const auto regex = parse(pattern);
  if (!regex) return regex.error();
  const auto alone = check_alone(*regex, anchor);
  if (!alone) return alone.error();
  return std::nullopt;
}

}  // namespace smic::automata
