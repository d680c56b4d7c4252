//! An Azure blob container, by SAS URL, through Azure's own SDK.
//!
//! The SDK's retries are off: whether and how long to wait is [`crate::delivery`]'s business, which
//! can be cancelled and told of a new SAS URL meanwhile.

use std::collections::HashMap;

use azure_core::http::{
    ClientOptions, Etag, RequestContent, RetryOptions, StatusCode, Transport as SdkTransport, Url,
    XmlFormat,
};
use azure_storage_blob::models::{
    BlobClientGetPropertiesResultHeaders, BlobContainerClientListBlobsOptions,
    BlockBlobClientCommitBlockListOptions, BlockLookupList,
};
use azure_storage_blob::{BlobClient, BlobContainerClient, BlobContainerClientOptions};
use bytes::Bytes;
use domain::SasUrl;
use futures::TryStreamExt;
use uuid::Uuid;

use super::explain::explain;
use super::transport::Transport;
use super::{BlockId, Commit, DestinationError, DestinationResult, Discarded, FailureKind};

/// Metadata of each blob: the SHA-256 of its content, in hexadecimal.
const SHA256_METADATA: &str = "sha256";

#[derive(Clone)]
pub struct AzureContainer {
    client: std::sync::Arc<BlobContainerClient>,
    sas: SasUrl,
}

impl std::fmt::Debug for AzureContainer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AzureContainer")
            .field("sas", &self.sas)
            .finish_non_exhaustive()
    }
}

impl AzureContainer {
    pub fn new(sas: &SasUrl) -> DestinationResult<Self> {
        let broken =
            || DestinationError::new(FailureKind::Fatal, "the HTTP client could not be made");
        let url = Url::parse(sas.expose()).map_err(|_| broken())?;
        let options = BlobContainerClientOptions {
            client_options: ClientOptions {
                retry: RetryOptions::none(),
                transport: Some(SdkTransport::new(
                    Transport::connect().map_err(|_| broken())?,
                )),
                ..Default::default()
            },
            ..Default::default()
        };
        let client = BlobContainerClient::new(url, None, Some(options)).map_err(|_| broken())?;
        Ok(Self {
            client: client.into(),
            sas: sas.clone(),
        })
    }

    fn may(&self, permission: fn(domain::sas::Permissions) -> bool) -> bool {
        // a stored access policy keeps its permissions in the account: try
        self.sas.permissions().is_none_or(permission)
    }

    fn blob(&self, path: &str) -> BlobClient {
        self.client.blob_client(path)
    }

    /// Stages a block that is never committed: that proves the right to write and leaves nothing
    /// visible. Lists, where it may.
    pub async fn preflight(&self, folder: &str) -> DestinationResult<()> {
        let id = BlockId {
            volume: Uuid::nil(),
            number: 0,
        };
        self.stage(
            &format!("{folder}/preflight"),
            id,
            Bytes::from_static(b"preflight"),
        )
        .await?;
        if self.may(domain::sas::Permissions::has_list) {
            let options = BlobContainerClientListBlobsOptions {
                maxresults: Some(1),
                prefix: Some(format!("{folder}/")),
                ..Default::default()
            };
            let mut pages = self
                .client
                .list_blobs(Some(options))
                .map_err(|error| explain(&error))?
                .into_pages();
            pages.try_next().await.map_err(|error| explain(&error))?;
        }
        Ok(())
    }

    /// Put Block: <https://learn.microsoft.com/rest/api/storageservices/put-block>.
    pub async fn stage(&self, path: &str, id: BlockId, bytes: Bytes) -> DestinationResult<()> {
        let length = bytes.len() as u64;
        self.blob(path)
            .block_blob_client()
            .stage_block(&id.bytes(), length, bytes.into(), None)
            .await
            .map_err(|error| explain(&error))?;
        Ok(())
    }

    /// Put Block List: <https://learn.microsoft.com/rest/api/storageservices/put-block-list>.
    pub async fn commit(&self, commit: &Commit<'_>) -> DestinationResult<()> {
        let latest = (0..commit.blocks)
            .map(|number| {
                BlockId {
                    volume: commit.volume,
                    number,
                }
                .bytes()
            })
            .collect();
        let list = BlockLookupList {
            latest: Some(latest),
            ..Default::default()
        };
        let content: RequestContent<BlockLookupList, XmlFormat> = list
            .try_into()
            .map_err(|error: azure_core::Error| explain(&error))?;
        let options = BlockBlobClientCommitBlockListOptions {
            blob_content_type: Some(commit.content_type.to_owned()),
            if_none_match: Some(Etag::from("*")),
            metadata: Some(HashMap::from([(
                SHA256_METADATA.to_owned(),
                commit.sha256.to_owned(),
            )])),
            ..Default::default()
        };
        self.blob(commit.path)
            .block_blob_client()
            .commit_block_list(content, Some(options))
            .await
            .map_err(|error| explain(&error))?;
        Ok(())
    }

    /// Get Blob Properties: <https://learn.microsoft.com/rest/api/storageservices/get-blob-properties>.
    pub async fn holds(&self, commit: &Commit<'_>) -> DestinationResult<Option<bool>> {
        if !self.may(domain::sas::Permissions::has_read) {
            return Ok(None);
        }
        match self.blob(commit.path).get_properties(None).await {
            Ok(properties) => {
                let metadata = properties.metadata().unwrap_or_default();
                let same_hash = metadata.iter().any(|(name, value)| {
                    name.eq_ignore_ascii_case(SHA256_METADATA) && value == commit.sha256
                });
                let same_size =
                    properties.content_length().ok().flatten() == Some(commit.size_bytes);
                Ok(Some(same_hash && same_size))
            }
            Err(error) if error.http_status() == Some(StatusCode::NotFound) => Ok(Some(false)),
            Err(error) if error.http_status() == Some(StatusCode::Forbidden) => Ok(None),
            Err(error) => Err(explain(&error)),
        }
    }

    /// Deletes blobs where the SAS may; blocks that were never committed lapse by themselves.
    pub async fn discard(&self, volumes: &[Discarded]) -> DestinationResult<bool> {
        let committed = volumes.iter().filter(|gone| gone.committed);
        if !self.may(domain::sas::Permissions::has_delete) {
            return Ok(committed.count() == 0);
        }
        for gone in committed {
            match self.blob(&gone.path).delete(None).await {
                Ok(_) => {}
                Err(error) if error.http_status() == Some(StatusCode::NotFound) => {}
                Err(error) => return Err(explain(&error)),
            }
        }
        Ok(true)
    }
}
