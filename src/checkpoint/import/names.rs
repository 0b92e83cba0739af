//! The names of our weights in other libraries.
//!
//! Each library and family has a function that is a table from our module paths to its names. A name
//! that changed between a library's versions has several candidates. A weight that a library keeps
//! in parts (DINOv2's query, key and value) is a list of tensors.

use super::library::Library;

/// The names under which a weight may be found. Each candidate is a list of tensors, which make the
/// weight when they are stacked along their first side.
pub(super) type Candidates = Vec<Vec<String>>;

/// The names that `library` may give our weight `path` of a network of `family`; empty where the
/// library has no such network.
pub(super) fn candidates(library: Library, family: &str, path: &str) -> Candidates {
    let path: Vec<&str> = path
        .split('.')
        .map(|part| match part {
            "gamma" => "weight",
            "beta" => "bias",
            other => other,
        })
        .collect();
    match (library, family) {
        (Library::Torchvision | Library::Timm, "resnet") => one(resnet(&path)),
        (Library::Torchvision, "convnext") => one(torchvision_convnext(&path)),
        (Library::Timm, "convnext") => one(timm_convnext(&path)),
        (Library::Timm, "vit") => one(timm_vit(&path)),
        (Library::Torchvision, "vit") => torchvision_vit(&path),
        (Library::DinoV2, "vit") => {
            let mut candidates = vec![hugging_face_dinov2(&path)];
            // The authors' own files use timm's names.
            candidates.extend(one(timm_vit(&path)));
            candidates
        }
        _ => Vec::new(),
    }
}

fn one(name: String) -> Candidates {
    vec![vec![name]]
}

/// torchvision's and timm's ResNets share their names.
fn resnet(path: &[&str]) -> String {
    match path {
        ["stem", "conv", rest] => format!("conv1.{rest}"),
        ["stem", "norm", rest] => format!("bn1.{rest}"),
        ["stages", i, j, "branch", k, kind, rest] => {
            let kind = if *kind == "conv" { "conv" } else { "bn" };
            format!("layer{}.{j}.{kind}{}.{rest}", number(i) + 1, number(k) + 1)
        }
        ["stages", i, j, "shortcut", kind, rest] => {
            let kind = if *kind == "conv" { 0 } else { 1 };
            format!("layer{}.{j}.downsample.{kind}.{rest}", number(i) + 1)
        }
        ["head", rest] => format!("fc.{rest}"),
        other => other.join("."),
    }
}

fn torchvision_convnext(path: &[&str]) -> String {
    match path {
        ["stem", "conv", rest] => format!("features.0.0.{rest}"),
        ["stem", "norm", rest] => format!("features.0.1.{rest}"),
        ["stages", i, "downsample", "norm", rest] => format!("features.{}.0.{rest}", 2 * number(i)),
        ["stages", i, "downsample", "conv", rest] => format!("features.{}.1.{rest}", 2 * number(i)),
        ["stages", i, "blocks", j, rest @ ..] => {
            let block = format!("features.{}.{j}", 2 * number(i) + 1);
            match rest {
                ["depthwise", "conv", rest] | ["depthwise", rest] => {
                    format!("{block}.block.0.{rest}")
                }
                ["norm", rest] => format!("{block}.block.2.{rest}"),
                ["expand", rest] => format!("{block}.block.3.{rest}"),
                ["project", rest] => format!("{block}.block.5.{rest}"),
                _ => format!("{block}.layer_scale"),
            }
        }
        ["norm", rest] => format!("classifier.0.{rest}"),
        ["head", rest] => format!("classifier.2.{rest}"),
        other => other.join("."),
    }
}

fn timm_convnext(path: &[&str]) -> String {
    match path {
        ["stem", "conv", rest] => format!("stem.0.{rest}"),
        ["stem", "norm", rest] => format!("stem.1.{rest}"),
        ["stages", i, "downsample", "norm", rest] => format!("stages.{i}.downsample.0.{rest}"),
        ["stages", i, "downsample", "conv", rest] => format!("stages.{i}.downsample.1.{rest}"),
        ["stages", i, "blocks", j, rest @ ..] => {
            let block = format!("stages.{i}.blocks.{j}");
            match rest {
                ["depthwise", "conv", rest] | ["depthwise", rest] => {
                    format!("{block}.conv_dw.{rest}")
                }
                ["norm", rest] => format!("{block}.norm.{rest}"),
                ["expand", rest] => format!("{block}.mlp.fc1.{rest}"),
                ["project", rest] => format!("{block}.mlp.fc2.{rest}"),
                _ => format!("{block}.gamma"),
            }
        }
        ["norm", rest] => format!("head.norm.{rest}"),
        ["head", rest] => format!("head.fc.{rest}"),
        other => other.join("."),
    }
}

fn timm_vit(path: &[&str]) -> String {
    match path {
        ["patches", rest] => format!("patch_embed.proj.{rest}"),
        ["class_token"] => "cls_token".into(),
        ["positions"] => "pos_embed".into(),
        ["blocks", i, rest @ ..] => {
            let block = format!("blocks.{i}");
            match rest {
                ["attention_norm", rest] => format!("{block}.norm1.{rest}"),
                ["attention", "qkv", rest] => format!("{block}.attn.qkv.{rest}"),
                ["attention", "output", rest] => format!("{block}.attn.proj.{rest}"),
                ["attention_scale"] => format!("{block}.ls1.gamma"),
                ["mlp_norm", rest] => format!("{block}.norm2.{rest}"),
                ["expand", rest] => format!("{block}.mlp.fc1.{rest}"),
                ["project", rest] => format!("{block}.mlp.fc2.{rest}"),
                _ => format!("{block}.ls2.gamma"),
            }
        }
        other => other.join("."),
    }
}

/// torchvision renamed the MLP's layers; the weights it publishes still have the old names.
fn torchvision_vit(path: &[&str]) -> Candidates {
    let block = |i: &str| format!("encoder.layers.encoder_layer_{i}");
    one(match path {
        ["patches", rest] => format!("conv_proj.{rest}"),
        ["positions"] => "encoder.pos_embedding".into(),
        ["blocks", i, "attention_norm", rest] => format!("{}.ln_1.{rest}", block(i)),
        ["blocks", i, "attention", "qkv", rest] => {
            format!("{}.self_attention.in_proj_{rest}", block(i))
        }
        ["blocks", i, "attention", "output", rest] => {
            format!("{}.self_attention.out_proj.{rest}", block(i))
        }
        ["blocks", i, "mlp_norm", rest] => format!("{}.ln_2.{rest}", block(i)),
        ["blocks", i, "expand", rest] => {
            return ["0", "linear_1"]
                .map(|layer| vec![format!("{}.mlp.{layer}.{rest}", block(i))])
                .into();
        }
        ["blocks", i, "project", rest] => {
            return ["3", "linear_2"]
                .map(|layer| vec![format!("{}.mlp.{layer}.{rest}", block(i))])
                .into();
        }
        ["norm", rest] => format!("encoder.ln.{rest}"),
        ["head", rest] => format!("heads.head.{rest}"),
        other => other.join("."),
    })
}

fn hugging_face_dinov2(path: &[&str]) -> Vec<String> {
    let block = |i: &str| format!("encoder.layer.{i}");
    vec![match path {
        ["patches", rest] => format!("embeddings.patch_embeddings.projection.{rest}"),
        ["class_token"] => "embeddings.cls_token".into(),
        ["positions"] => "embeddings.position_embeddings".into(),
        ["blocks", i, "attention_norm", rest] => format!("{}.norm1.{rest}", block(i)),
        ["blocks", i, "attention", "qkv", rest] => {
            return ["query", "key", "value"]
                .map(|part| format!("{}.attention.attention.{part}.{rest}", block(i)))
                .into();
        }
        ["blocks", i, "attention", "output", rest] => {
            format!("{}.attention.output.dense.{rest}", block(i))
        }
        ["blocks", i, "attention_scale"] => format!("{}.layer_scale1.lambda1", block(i)),
        ["blocks", i, "mlp_norm", rest] => format!("{}.norm2.{rest}", block(i)),
        ["blocks", i, "expand", rest] => format!("{}.mlp.fc1.{rest}", block(i)),
        ["blocks", i, "project", rest] => format!("{}.mlp.fc2.{rest}", block(i)),
        ["blocks", i, "mlp_scale"] => format!("{}.layer_scale2.lambda1", block(i)),
        ["norm", rest] => format!("layernorm.{rest}"),
        ["head", rest] => format!("classifier.{rest}"),
        other => other.join("."),
    }]
}

/// An index in one of our own paths, which are made of numbers there.
fn number(index: &str) -> usize {
    index.parse().unwrap_or_default()
}
