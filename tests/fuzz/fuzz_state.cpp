// SPDX-License-Identifier: Apache-2.0
// What comes from a controller, or from a disk: messages in pieces. Nothing crashes, what is read
// is the same whatever the pieces, and a head that was read is written in the same words.
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "contract/state_stream.h"

namespace {

using namespace smic;

struct Read {
  std::vector<std::string> texts;
  std::string error;
  bool operator==(const Read&) const = default;
};

Read read(std::string_view text, std::size_t piece) {
  Read out;
  contract::State state;
  contract::MessageReader reader([&](contract::Message message) -> Result<void> {
    const auto& head = message.head;
    if (!message.text.starts_with(contract::head_line(head.signed_head, head.base) + '\n'))
      std::abort();
    if (auto next = contract::advance(state, message)) {
      state = std::move(*next);
      (void)contract::manifest_of(state);
      (void)contract::lines_of(state);
    }
    out.texts.push_back(std::move(message.text));
    return {};
  });
  while (!text.empty()) {
    const std::string_view part = text.substr(0, piece);
    if (auto taken = reader.read(part); !taken) {
      out.error = taken.error().message;
      break;
    }
    text.remove_prefix(part.size());
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Read whole = read(text, size == 0 ? 1 : size);
  if (size < 4096 && read(text, 3) != whole) std::abort();
  (void)contract::trust_from_pem(text);
  return 0;
}
