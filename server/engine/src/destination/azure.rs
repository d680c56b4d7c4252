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
    pub fn new(sas: &SasUrl, transport: &Transport) -> DestinationResult<Self> {
        let broken =
            || DestinationError::new(FailureKind::Fatal, "the HTTP client could not be made");
        let url = Url::parse(sas.expose()).map_err(|_| broken())?;
        let options = BlobContainerClientOptions {
            client_options: ClientOptions {
                retry: RetryOptions::none(),
                transport: Some(SdkTransport::new(transport.as_client())),
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

    /// A failure in plain words; what this very SAS URL says of itself makes them plainer.
    fn told(&self, error: &azure_core::Error) -> DestinationError {
        explain(error, self.sas.expires_at())
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
                .map_err(|error| self.told(&error))?
                .into_pages();
            pages.try_next().await.map_err(|error| self.told(&error))?;
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
            .map_err(|error| self.told(&error))?;
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
            .map_err(|error: azure_core::Error| self.told(&error))?;
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
            .map_err(|error| self.told(&error))?;
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
            Err(error) => Err(self.told(&error)),
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
                Err(error) => return Err(self.told(&error)),
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as StdError;
    use std::fmt::Write as _;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::config::NetworkConfig;

    /// In a URL it is escaped; no form of it may get out.
    const SIGNATURE: &str = "c2VjcmV0LXNpZ25hdHVyZS9vZi1hLXRlc3QtYWxvbmU";

    #[derive(Clone, Copy, Debug)]
    enum Service {
        /// Nobody listens.
        Absent,
        /// Hangs up in the middle of the request.
        HangsUp,
        /// Hangs up in the middle of its answer.
        BreaksOff,
        /// 403, and repeats the request to whoever sent it.
        Refuses,
    }

    /// Answers the port.
    async fn serve(service: Service) -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut seen = vec![0; 16];
                let answer = match service {
                    Service::Absent => return,
                    Service::HangsUp => {
                        client.read_exact(&mut seen).await.unwrap();
                        // bytes that nobody has read make it a reset
                        continue;
                    }
                    Service::BreaksOff => {
                        "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<?xml".to_owned()
                    }
                    Service::Refuses => {
                        let body = format!("<Error>/logs?sig={SIGNATURE}%3D</Error>");
                        format!(
                            "HTTP/1.1 403 No\r\nx-ms-error-code: AuthenticationFailed\r\n\
                             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                            body.len()
                        )
                    }
                };
                seen.resize(4096, 0);
                let _head = client.read(&mut seen).await.unwrap();
                client.write_all(answer.as_bytes()).await.unwrap();
                client.shutdown().await.unwrap();
                // bytes that nobody has read would make it a reset, and the answer be lost
                let _rest = tokio::io::copy(&mut client, &mut tokio::io::sink()).await;
            }
        });
        port
    }

    /// All that an error tells to whoever asks it.
    fn walk(error: &(dyn StdError + 'static)) -> String {
        let mut told = String::new();
        let mut next = Some(error);
        while let Some(error) = next {
            writeln!(told, "{error}\n{error:?}\n{error:#?}").unwrap();
            next = error.source();
        }
        told
    }

    async fn errors_of(service: Service) -> Vec<(azure_core::Error, DestinationError)> {
        let port = match service {
            Service::Absent => {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
                listener.local_addr().unwrap().port()
            }
            service => serve(service).await,
        };
        let sas = format!(
            "http://127.0.0.1:{port}/devstoreaccount1/logs?sv=2021-12-02&sr=c&sp=rwl&se=2999-01-01T00:00:00Z&sig={SIGNATURE}%3D"
        );
        let sas = SasUrl::parse(&sas).unwrap();
        let transport = Transport::new(&NetworkConfig::default()).unwrap();
        let container = AzureContainer::new(&sas, &transport).unwrap();
        let staged = container
            .blob("folder/bundle.zip")
            .block_blob_client()
            .stage_block(b"0", 1 << 20, Bytes::from(vec![7; 1 << 20]).into(), None)
            .await;
        let mut pages = container.client.list_blobs(None).unwrap().into_pages();
        let listed = pages.try_next().await;
        [staged.err(), listed.err()]
            .into_iter()
            .flatten()
            .map(|error| {
                let told = container.told(&error);
                (error, told)
            })
            .collect()
    }

    #[tokio::test]
    async fn no_error_holds_the_signature_whatever_is_asked_of_it() {
        for service in [Service::Absent, Service::HangsUp, Service::BreaksOff] {
            let errors = errors_of(service).await;
            assert!(!errors.is_empty(), "{service:?}");
            for (error, told) in errors {
                assert_eq!(
                    told.kind,
                    FailureKind::Unreachable,
                    "{service:?}: {error:?}"
                );
                for text in [walk(&error), walk(&told)] {
                    assert!(!text.contains("sig="), "{service:?}: {text}");
                    assert!(!text.contains(SIGNATURE), "{service:?}: {text}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_service_that_repeats_the_request_is_not_quoted() {
        let errors = errors_of(Service::Refuses).await;
        assert!(!errors.is_empty());
        for (error, told) in errors {
            assert_eq!(told.kind, FailureKind::Refused, "{error}");
            let told = walk(&told);
            assert!(
                !told.contains("sig=") && !told.contains(SIGNATURE),
                "{told}"
            );
        }
    }
}
