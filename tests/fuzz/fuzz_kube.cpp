// SPDX-License-Identifier: Apache-2.0
// Any bytes as a kubeconfig, as an answer of the API and as an event of a watch. What comes out of
// an object must be a text that the compiler's reader accepts.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "compiler/resources/resources.h"
#include "controller/kube/config.h"
#include "controller/kube/watched_kinds.h"

namespace {

using namespace smic;

void read_back(const std::string& text) {
  Sources sources;
  sources.add("object.json", text);
  Diagnostics diagnostics(sources);
  resources::decode(sources, diagnostics);
  for (const Diagnostic& diagnostic : diagnostics.sorted()) {
    SMIC_CHECK(diagnostic.code != "E50", "a shrunk object is no JSON");
  }
}

void read_as(const std::string& text, const kube::Shape& shape) {
  if (const auto event = kube::read_event(text, shape);
      event && event->type != kube::Event::Type::bookmark) {
    read_back(event->object.text);
  }
  if (const auto page = kube::read_page(text, shape)) {
    for (const kube::Object& object : page->objects) read_back(object.text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const kube::WatchedKind& kind : kube::watched_kinds()) {
    read_as(text, {kind.versions.front(), kind.kind, kind.keep});
  }
  (void)kube::read_group_versions(text);
  (void)kube::read_failure(500, text).told();
  if (const auto config = kube::parse_kubeconfig(text, "/", "")) {
    SMIC_CHECK(config->server().find_first_of("\r\n ") == std::string::npos,
               "an address can break a request's head");
  }
  return 0;
}
