// SPDX-License-Identifier: Apache-2.0
// What the stub manager reads of a cluster: pods as the API has them, and answers of its DNS.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "controller/cluster_dns/ask.h"
#include "controller/cluster_dns/read_pod.h"

using namespace smic;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto pod = cluster_dns::read_pod(bytes)) {
    SMIC_CHECK(!pod->key.empty(), "a configuration without a key");
  }
  const std::string question = cluster_dns::question(0x1234, "shop.mesh", cluster_dns::kTypeSoa);
  if (const auto said = cluster_dns::read_answer(bytes, question)) {
    SMIC_CHECK(bytes.starts_with(question.substr(0, 2)), "an answer to something else");
    SMIC_CHECK(said->rcode >= 0 && said->rcode < 16 && said->answers >= 0, "out of its range");
  }
  return 0;
}
