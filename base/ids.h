// SPDX-License-Identifier: Apache-2.0
// An index into one particular table. Different tags do not convert into each other.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace smic {

template <class Tag>
struct StrongId {
  std::uint32_t value = 0;

  constexpr StrongId() = default;
  constexpr explicit StrongId(std::size_t index) : value(static_cast<std::uint32_t>(index)) {}
  constexpr auto operator<=>(const StrongId&) const = default;
};

}  // namespace smic

template <class Tag>
struct std::hash<smic::StrongId<Tag>> {
  std::size_t operator()(smic::StrongId<Tag> id) const noexcept { return id.value; }
};
