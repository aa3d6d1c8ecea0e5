/** How an alert looks on a screen, in small. */
import './alerts.css';
import { useQuery } from '@tanstack/react-query';
import { ImageIcon } from 'lucide-react';
import type { ContentJson } from '../../content/content-json.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { SEVERITY_ICON, type Severity } from '../ui/severity-badge.tsx';

export interface AlertPreviewProps {
  readonly severity: Severity;
  readonly title: string;
  readonly message: string;
  readonly contentId: number | null;
  readonly drill: boolean;
}

export function AlertPreview({ severity, title, message, contentId, drill }: AlertPreviewProps) {
  const texts = useTexts().alerts;
  const Icon = SEVERITY_ICON[severity];
  return (
    <figure className="alert-preview" data-severity={severity} aria-label={texts.preview}>
      {drill && <div className="alert-preview-drill">{texts.previewDrill}</div>}
      <div className="alert-preview-head">
        <Icon aria-hidden />
        {texts.previewWords[severity]}
      </div>
      <div className="alert-preview-body">
        <div className="alert-preview-text">
          <div className="alert-preview-title" dir="auto">
            {title.trim() === '' ? texts.untitled : title}
          </div>
          <div className="alert-preview-message" dir="auto">
            {message}
          </div>
        </div>
        {contentId !== null && <PreviewContent contentId={contentId} />}
      </div>
    </figure>
  );
}

function PreviewContent({ contentId }: { readonly contentId: number }) {
  const { previewContent } = useTexts().alerts;
  const session = useSession();
  const { data } = useQuery({
    queryKey: ['content', contentId],
    queryFn: () => session.call<ContentJson>('GET', `/content/${contentId}`),
  });
  if (data?.thumbnailUrl != null)
    return <img className="alert-preview-content" src={data.thumbnailUrl} alt={data.name} />;
  return (
    <div className="alert-preview-content" title={previewContent}>
      <ImageIcon width="100%" height="100%" strokeWidth={1} aria-hidden />
    </div>
  );
}
