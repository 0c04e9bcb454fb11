// SPDX-License-Identifier: Apache-2.0
// By which authority the API server knows us, in every object that sends it here: the CRDs (to
// convert), the ValidatingWebhookConfiguration, the APIServices. Manifests leave `caBundle` out,
// since the authority is made in the cluster; it is filled in, and replaced when the authority is.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace smic::api {

enum class Sender { crd, webhooks, api_service };

struct SenderObject {
  Sender sender;
  std::string_view path;  // of the object, at the API
};
std::span<const SenderObject> senders();

struct BundlePatch {
  bool merge = true;  // or a JSON patch
  std::string body;
};

// What makes `object` trust these authorities (PEM) wherever it refers to our Service; nothing if
// it does already, or refers to something else.
std::optional<BundlePatch> bundle_patch(Sender sender, std::string_view object,
                                        std::string_view service_namespace,
                                        std::string_view authorities);

std::string encode_base64(std::string_view bytes);

}  // namespace smic::api
